import { type CatalogueEntry, ERROR_CATALOGUE, findErrors, lookUpError } from './errors/error-catalogue.ts';
import type { ErrorKind, RetryAdvice } from './errors/vendor-errors.ts';
import type { CardFailure } from './selection.ts';

/** The entry of a team about one error code; null for fields that it left out. */
export interface RunbookPage {
  kind: ErrorKind;
  code: string;
  /** The person or team that acts. */
  owner: string | null;
  /** The steps of the fix, in order. */
  steps: readonly string[];
  link: string | null;
  /** The contact if the steps don't help. */
  contact: string | null;
  /** The advice on retries, if it differs from the catalogue. */
  retry: RetryAdvice | null;
}

/** The entries of a team about error codes, in addition to the catalogue. */
export interface Runbook {
  pages: readonly RunbookPage[];
}

/** The file of a context's runbook. The runbook of a project is not trusted: it can only make commands more careful. */
export interface RunbookSource {
  file: string;
  isFromProject: boolean;
}

export const NO_RUNBOOK: Runbook = { pages: [] };

/** The fields of a page in JSON documents, next to code and kind of the catalogue. */
type RunbookAdvice = Omit<RunbookPage, 'kind' | 'code'>;

/** An entry of the catalogue with the changes of the runbook. */
export interface AdvisedEntry extends CatalogueEntry {
  page: RunbookPage | null;
}

export function findPage({ pages }: Runbook, kind: ErrorKind, code: string): RunbookPage | null {
  return pages.find((page) => page.kind === kind && page.code === code) ?? null;
}

/** Returns the pages about failures, each once. */
export function pagesOn(runbook: Runbook, failures: readonly CardFailure[]): RunbookPage[] {
  const pages = failures.flatMap(({ kind, errorCode }) => {
    const code = errorCode ?? 'UNKNOWN_ERROR';
    // The failure of a card that can never be produced again may have a code of the other kind.
    const other = kind === 'request' ? 'production' : 'request';
    return findPage(runbook, kind, code) ?? findPage(runbook, other, code) ?? [];
  });
  return [...new Set(pages)];
}

/**
 * Applies the page of the team to an entry of the catalogue: its steps, and its advice on retries. The exit code changes
 * only if the team forbids retries: then only a new order helps.
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

/** Returns all entries of the catalogue, followed by the codes that only the runbook has. */
export function allErrors({ pages }: Runbook): CatalogueEntry[] {
  const entries = pages.map(({ kind, code }) => lookUpError(kind, code));
  return [...ERROR_CATALOGUE, ...entries.filter(({ documented }) => !documented)];
}

/** Returns all entries of a code, including one that only the runbook has. */
export function explainError(runbook: Runbook, code: string): CatalogueEntry[] {
  const entries = findErrors(code);
  return entries.length > 0
    ? entries
    : allErrors(runbook).filter((entry) => entry.code === code.toUpperCase());
}

/** Returns an entry for JSON documents: that of the catalogue, with the page of the team if there is one. */
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
 * Returns the reason against an advice of a team; null if it is allowed. A request that may have been accepted is always
 * checked first.
 */
export function refuseRetry(kind: ErrorKind, code: string, retry: RetryAdvice): string | null {
  const known = ERROR_CATALOGUE.find((entry) => entry.kind === kind && entry.code === code)?.retry ?? null;
  // A request that was refused with an undocumented code may have been accepted, too.
  const catalogue = known ?? (kind === 'request' ? 'reconcile' : 'after-fix');
  if (retry === catalogue) return null;
  if (catalogue === 'reconcile')
    return 'the request may have been accepted: only “reconcile” is allowed, which checks first';
  if (retry === 'reconcile') return 'nothing is open after this error: use now, after-fix or never';
  return null;
}

/**
 * Limits the runbook of a project, which anybody may have written: it must not allow retries without the fix that the
 * catalogue requires.
 * @returns the limited runbook, and the pages whose advice was removed
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
