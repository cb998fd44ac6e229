import { type CatalogueEntry, ERROR_CATALOGUE, findErrors, lookUpError } from './errors/error-catalogue.ts';
import type { ErrorKind, RetryAdvice } from './errors/vendor-errors.ts';
import type { CardFailure } from './selection.ts';

/** What a team wrote about one error code; what it left out is null. */
export interface RunbookPage {
  kind: ErrorKind;
  code: string;
  /** Who acts here. */
  owner: string | null;
  /** What they do, in order. */
  steps: readonly string[];
  link: string | null;
  /** Whom to call when the steps don't help. */
  contact: string | null;
  /** When the card may be produced again, where the team says other than the catalogue. */
  retry: RetryAdvice | null;
}

/** What a team wrote about error codes, beside the catalogue. */
export interface Runbook {
  pages: readonly RunbookPage[];
}

/** The file of a context's runbook; a project's may be somebody else's, and can only make commands more careful. */
export interface RunbookSource {
  file: string;
  isFromProject: boolean;
}

export const NO_RUNBOOK: Runbook = { pages: [] };

/** What of a page JSON documents show beside the catalogue's entry, which says code and kind. */
export type RunbookAdvice = Omit<RunbookPage, 'kind' | 'code'>;

/** What catalogue and runbook say together. */
export interface AdvisedEntry extends CatalogueEntry {
  page: RunbookPage | null;
}

export function findPage({ pages }: Runbook, kind: ErrorKind, code: string): RunbookPage | null {
  return pages.find((page) => page.kind === kind && page.code === code) ?? null;
}

/** The pages on what cards failed with, each once. */
export function pagesOn(runbook: Runbook, failures: readonly CardFailure[]): RunbookPage[] {
  const pages = failures.flatMap(({ kind, errorCode }) => {
    const code = errorCode ?? 'UNKNOWN_ERROR';
    // A card that can never be produced again fails with a code of either kind.
    const other = kind === 'request' ? 'production' : 'request';
    return findPage(runbook, kind, code) ?? findPage(runbook, other, code) ?? [];
  });
  return [...new Set(pages)];
}

/**
 * The catalogue's entry with what the team says instead: its steps, and when to retry. The exit code stays the
 * catalogue's, except where the team forbids another try: then only a new order helps.
 */
export function advise(runbook: Runbook, entry: CatalogueEntry): AdvisedEntry {
  const page = findPage(runbook, entry.kind, entry.code);
  const retry = page?.retry ?? entry.retry;
  return {
    ...entry,
    retry,
    nextStep: page && page.steps.length > 0 ? page.steps.map(asSentence).join(' ') : entry.nextStep,
    exitCode: retry === 'never' ? 6 : entry.exitCode,
    page,
  };
}

/** All codes of the catalogue, and below them those that only the runbook has. */
export function allErrors({ pages }: Runbook): CatalogueEntry[] {
  const entries = pages.map(({ kind, code }) => lookUpError(kind, code));
  return [...ERROR_CATALOGUE, ...entries.filter(({ documented }) => !documented)];
}

/** Every entry of a code, also of one that only the runbook has; none for one that nobody knows. */
export function explainError(runbook: Runbook, code: string): CatalogueEntry[] {
  const entries = findErrors(code);
  return entries.length > 0
    ? entries
    : allErrors(runbook).filter((entry) => entry.code === code.toUpperCase());
}

/** An entry as JSON documents show it: the catalogue's own, and beside it the team's page, if there is one. */
export function withAdvice(
  runbook: Runbook,
  entry: CatalogueEntry,
): CatalogueEntry & { runbook?: RunbookAdvice } {
  const page = findPage(runbook, entry.kind, entry.code);
  if (!page) return entry;
  const { owner, steps, link, contact, retry } = page;
  return { ...entry, runbook: { owner, steps, link, contact, retry } };
}

/**
 * Why a team can't give this advice on a code; null when it can. What can never succeed stays so, and a request that may
 * have been accepted is looked for first, whatever anybody says.
 */
export function refuseRetry(kind: ErrorKind, code: string, retry: RetryAdvice): string | null {
  const known = ERROR_CATALOGUE.find((entry) => entry.kind === kind && entry.code === code)?.retry ?? null;
  // A request that was refused with a code that nobody documented may have been accepted, too.
  const catalogue = known ?? (kind === 'request' ? 'reconcile' : 'after-fix');
  if (retry === catalogue) return null;
  if (catalogue === 'never') return 'it can never succeed: only “never” is possible';
  if (catalogue === 'reconcile')
    return 'the request may have been accepted: only “reconcile” is possible, which looks first';
  if (retry === 'reconcile') return 'nothing is open after this error: use now, after-fix or never';
  return null;
}

/**
 * A runbook that came with a repository, which may be anybody's: it may make codes more careful, and no less. Of what has
 * to be fixed first, it can't say that cards may be produced again at once.
 * @returns with the pages whose advice was left out
 */
export function moreCareful({ pages }: Runbook): { runbook: Runbook; ignored: RunbookPage[] } {
  const ignored = pages.filter(
    ({ kind, code, retry }) => retry === 'now' && lookUpError(kind, code).retry !== 'now',
  );
  const kept = pages.map((page) => (ignored.includes(page) ? { ...page, retry: null } : page));
  return { runbook: { pages: kept }, ignored };
}

function asSentence(text: string): string {
  return /[.!?:;…]$/.test(text) ? text : `${text}.`;
}
