import { printable } from '../text/terminal-text.ts';
import { nearestOf } from '../text/words.ts';
import type { ExitCode } from './exit-codes.ts';
import { type Failure, failure } from './failure.ts';
import {
  type Actor,
  type ErrorKind,
  PRODUCTION_ERRORS,
  REQUEST_ERRORS,
  type RetryAdvice,
} from './vendor-errors.ts';

export interface CatalogueEntry {
  code: string;
  kind: ErrorKind;
  group: string;
  meaning: string;
  actor: Actor;
  retry: RetryAdvice;
  nextStep: string;
  exitCode: ExitCode;
  /** False if Wise does not document the code. */
  documented: boolean;
  /** True if part of the meaning is an assumption. The text marks it with the word “Assumption”. */
  assumption: boolean;
}

const GROUPS: readonly [prefix: string, group: string][] = [
  ['CB_', 'central base'],
  ['DP_', 'data preparation'],
  ['SAT_', 'satellite agent'],
  ['PRT_', 'printer'],
  ['PRD_', 'production'],
  ['INV_', 'inventory'],
];

/** The error codes that Wise documents. UNKNOWN_ERROR has two entries: as a request error and as a production error. */
export const ERROR_CATALOGUE: readonly CatalogueEntry[] = [
  ...entriesOf('request', REQUEST_ERRORS),
  ...entriesOf('production', PRODUCTION_ERRORS),
];

/**
 * Returns the entry for an error code. An undocumented code gets an entry with cautious advice.
 * @param code Wise's `errorCode`; null counts as UNKNOWN_ERROR
 */
export function lookUpError(kind: ErrorKind, code: string | null): CatalogueEntry {
  const wanted = code ?? 'UNKNOWN_ERROR';
  const entry = ERROR_CATALOGUE.find((one) => one.kind === kind && one.code === wanted);
  return entry ?? undocumented(kind, wanted);
}

/** Returns all entries for a code: two for `UNKNOWN_ERROR`, none for an undocumented code. */
export function findErrors(code: string): CatalogueEntry[] {
  return ERROR_CATALOGUE.filter((entry) => entry.code === code.toUpperCase());
}

/** Lists the documented codes of a kind, in the order of Wise's documentation. */
export function codesOf(kind: ErrorKind): string[] {
  return ERROR_CATALOGUE.filter((entry) => entry.kind === kind).map(({ code }) => code);
}

function entriesOf(kind: ErrorKind, rows: typeof REQUEST_ERRORS): CatalogueEntry[] {
  return rows.map(([code, actor, retry, meaning, nextStep, assumption]) => ({
    code,
    kind,
    group: kind === 'request' ? kind : (GROUPS.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'unknown'),
    meaning: assumption === undefined ? meaning : `${meaning} Assumption: ${assumption}`,
    actor,
    retry,
    nextStep,
    exitCode: exitCodeOf(retry, actor),
    documented: true,
    assumption: assumption !== undefined,
  }));
}

function exitCodeOf(retry: RetryAdvice, actor: Actor): ExitCode {
  if (retry === 'reconcile') return 8;
  return retry === 'after-fix' && (actor === 'integration' || actor === 'wise') ? 5 : 4;
}

function undocumented(kind: ErrorKind, code: string): CatalogueEntry {
  return {
    code,
    kind,
    group: 'unknown',
    meaning: 'Wise had not documented this code when this version of kioskctl was released.',
    actor: 'wise',
    retry: kind === 'request' ? 'reconcile' : 'after-fix',
    nextStep: 'Check the kiosk and the production, and ask Wise what the code means, quoting the trace id.',
    exitCode: kind === 'request' ? 8 : 5,
    documented: false,
    assumption: false,
  };
}

/** Creates the failure for an unknown error code, with similar codes as suggestions. */
export function unknownCode(text: string, codes = ERROR_CATALOGUE.map((entry) => entry.code)): Failure {
  const word = text.toUpperCase().replaceAll('-', '_');
  const containing = [...new Set(codes)].filter((code) => word !== '' && code.includes(word)).slice(0, 5);
  const nearest = (containing.length > 0 ? containing : nearestOf(word, codes)).join(', ');
  return failure(
    'usage',
    `There is no error code “${printable(text)}”.`,
    nearest
      ? `Did you mean ${nearest}? kioskctl explain lists all codes.`
      : 'kioskctl explain lists all codes.',
  );
}
