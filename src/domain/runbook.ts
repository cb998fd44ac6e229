import { type CatalogueEntry, ERROR_CATALOGUE, findErrors, lookUpError } from './errors/error-catalogue.ts';
import type { ErrorKind, RetryAdvice } from './errors/vendor-errors.ts';
import type { CardFailure } from './selection.ts';
import { asSentence } from './text/words.ts';

/** A team's runbook page about one error code; null for omitted fields. */
export interface RunbookPage {
  kind: ErrorKind;
  code: string;
  /** The person or team responsible. */
  owner: string | null;
  /** Steps to fix the error, in order. */
  steps: readonly string[];
  link: string | null;
  /** Contact for errors that the steps don't fix. */
  contact: string | null;
  /** Retry advice that overrides the error catalogue; null to keep the catalogue's. */
  retry: RetryAdvice | null;
}

/** A team's pages about error codes, in addition to the error catalogue. */
export interface Runbook {
  pages: readonly RunbookPage[];
}

/** The runbook file of a context. A project's runbook is not trusted: it can only restrict retries. */
export interface RunbookSource {
  file: string;
  isFromProject: boolean;
}

export const NO_RUNBOOK: Runbook = { pages: [] };

/** The fields of a runbook page in JSON documents. Code and kind are omitted, because the catalogue entry has them. */
type RunbookAdvice = Omit<RunbookPage, 'kind' | 'code'>;

/** An error catalogue entry with the runbook page applied. */
export interface AdvisedEntry extends CatalogueEntry {
  page: RunbookPage | null;
}

export function findPage({ pages }: Runbook, kind: ErrorKind, code: string): RunbookPage | null {
  return pages.find((page) => page.kind === kind && page.code === code) ?? null;
}

/** Returns the runbook pages for the given failures, without duplicates. */
export function pagesOn(runbook: Runbook, failures: readonly CardFailure[]): RunbookPage[] {
  const pages = failures.flatMap(({ kind, errorCode }) => {
    const code = errorCode ?? 'UNKNOWN_ERROR';
    // For a retry that is never allowed, `neverAgain` reports the code of a request as a production error.
    const other = kind === 'request' ? 'production' : 'request';
    return findPage(runbook, kind, code) ?? findPage(runbook, other, code) ?? [];
  });
  return [...new Set(pages)];
}

/**
 * Applies a runbook page to a catalogue entry: steps and retry advice. The exit code changes only for `never`: then the
 * card needs a new order.
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

/** Returns all catalogue entries, then the codes that only the runbook has. */
export function allErrors({ pages }: Runbook): CatalogueEntry[] {
  const entries = pages.map(({ kind, code }) => lookUpError(kind, code));
  return [...ERROR_CATALOGUE, ...entries.filter(({ documented }) => !documented)];
}

/** Returns all entries for a code, including codes that only the runbook has. */
export function explainError(runbook: Runbook, code: string): CatalogueEntry[] {
  const entries = findErrors(code);
  return entries.length > 0
    ? entries
    : allErrors(runbook).filter((entry) => entry.code === code.toUpperCase());
}

/** Converts a catalogue entry and its runbook page to the JSON form. */
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
 * Returns the reason to reject a runbook's retry advice; null if it is allowed. A request that may have been accepted
 * must always be checked first.
 */
export function refuseRetry(kind: ErrorKind, code: string, retry: RetryAdvice): string | null {
  const known = ERROR_CATALOGUE.find((entry) => entry.kind === kind && entry.code === code)?.retry ?? null;
  // After a refusal with an undocumented code, the request may still have been accepted.
  const catalogue = known ?? (kind === 'request' ? 'reconcile' : 'after-fix');
  if (retry === catalogue) return null;
  if (catalogue === 'reconcile')
    return 'the request may have been accepted: only “reconcile” is allowed, which checks first';
  if (retry === 'reconcile') return 'nothing is open after this error: use now, after-fix or never';
  return null;
}

/**
 * Restricts the runbook of a project, which anybody may have written: it must not allow a retry before the fix that the
 * catalogue requires.
 * @returns the restricted runbook, and the pages whose retry advice was removed
 */
export function moreCareful({ pages }: Runbook): { runbook: Runbook; ignored: RunbookPage[] } {
  const ignored = pages.filter(
    ({ kind, code, retry }) => retry === 'now' && lookUpError(kind, code).retry !== 'now',
  );
  const kept = pages.map((page) => (ignored.includes(page) ? { ...page, retry: null } : page));
  return { runbook: { pages: kept }, ignored };
}
