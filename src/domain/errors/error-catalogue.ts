import type { ExitCode } from './exit-codes.ts';
import {
  type Actor,
  type ErrorKind,
  type ErrorRow,
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
  /** False for a code that the vendor's documentation does not list. */
  documented: boolean;
}

const GROUPS: readonly [prefix: string, group: string][] = [
  ['CB_', 'central base'],
  ['DP_', 'data preparation'],
  ['SAT_', 'satellite agent'],
  ['PRT_', 'printer'],
  ['PRD_', 'production'],
  ['INV_', 'inventory'],
];

/** The 58 codes of the vendor's documentation (22 request, 36 production; UNKNOWN_ERROR is in both). */
export const ERROR_CATALOGUE: readonly CatalogueEntry[] = [
  ...REQUEST_ERRORS.map((row) => toEntry('request', row)),
  ...PRODUCTION_ERRORS.map((row) => toEntry('production', row)),
];

/**
 * What is known about a code. A code that nobody documented is shown as it came, with advice that can't do harm.
 * @param code the vendor's `errorCode`; null reads as UNKNOWN_ERROR
 */
export function lookUpError(kind: ErrorKind, code: string | null): CatalogueEntry {
  const wanted = code ?? 'UNKNOWN_ERROR';
  return (
    ERROR_CATALOGUE.find((entry) => entry.kind === kind && entry.code === wanted) ??
    undocumented(kind, wanted)
  );
}

/** Every entry of a code, `UNKNOWN_ERROR` having two; none for a code that nobody documented. */
export function findErrors(code: string): CatalogueEntry[] {
  return ERROR_CATALOGUE.filter((entry) => entry.code === code.toUpperCase());
}

function toEntry(kind: ErrorKind, [code, actor, retry, meaning, nextStep]: ErrorRow): CatalogueEntry {
  const group =
    kind === 'request' ? 'request' : (GROUPS.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'unknown');
  return {
    code,
    kind,
    group,
    meaning,
    actor,
    retry,
    nextStep,
    exitCode: exitCodeOf(retry, actor),
    documented: true,
  };
}

function exitCodeOf(retry: RetryAdvice, actor: Actor): ExitCode {
  if (retry === 'reconcile') return 8;
  if (retry === 'never') return 6;
  return retry === 'after-fix' && (actor === 'integration' || actor === 'wise') ? 5 : 4;
}

function undocumented(kind: ErrorKind, code: string): CatalogueEntry {
  return {
    code,
    kind,
    group: 'unknown',
    meaning: 'A code that the vendor had not documented when this version of kioskctl was made.',
    actor: 'wise',
    retry: kind === 'request' ? 'reconcile' : 'after-fix',
    nextStep:
      'Look at the kiosk and at the production, and ask Wise what the code means, quoting the trace id.',
    exitCode: kind === 'request' ? 8 : 5,
    documented: false,
  };
}
