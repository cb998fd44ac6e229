import { combineExitCodes, type ExitCode, isOfSignal } from '../../domain/errors/exit-codes.ts';
import type { FailureCode } from '../../domain/errors/failure.ts';
import { type CardResult, isOfJournal } from '../../domain/results.ts';
import { counted } from '../../domain/text/words.ts';

/** The reason for stopping a retry at a kiosk. */
export interface Stop {
  code: FailureCode;
  /** Combined exit code of the failures; only for `too-many-failures`. */
  exitCode?: ExitCode;
  /** Completes the sentence “Nothing more is sent to kiosk …:”. */
  why: string;
}

/** The state of a retry of many cards at one kiosk. */
export interface CanaryState {
  /** True once a card was produced. Until then, the next card is the canary. */
  isProven: boolean;
  /** Exit codes of the consecutive failures. */
  failures: readonly ExitCode[];
  /** The reason why the retry has stopped at the kiosk; null while it continues. */
  stop: Stop | null;
}

export const START: CanaryState = { isProven: false, failures: [], stop: null };

/** Failure codes of cards for which nothing was sent. They say nothing about the kiosk. */
const SENT_NOTHING = new Set<FailureCode>([
  'wrong-stage',
  'not-a-kiosk-order',
  'attempt-open',
  'attempt-superseded',
  'leased',
  'nothing-to-retry',
  'order-cancelled',
  'order-returned',
  'card-expired',
  'not-found',
]);

/** Failure codes of cards that failed again, because the cause is not fixed. */
const FAILED_AGAIN = new Set<FailureCode>(['production-failed', 'production-refused']);

/** Failure codes after which a card may still be in its kiosk. A kiosk handles one card at a time. */
const STILL_THERE = new Set<FailureCode>(['deadline-passed', 'outcome-unknown']);

/**
 * Returns the next state after the result of a card. The retry stops if the canary fails, after `maxFailures`
 * consecutive failures, if the card may still be in the kiosk, if the kiosk is on hold, if its plan was stopped, and if the
 * journal can't be used.
 */
export function advance(
  state: CanaryState,
  { outcome, error, card, exitCode }: CardResult,
  { maxFailures }: { maxFailures: number },
): CanaryState {
  if (!error || exitCode === null) {
    const cameOut = outcome === 'done' && (card.stage === 'produced' || card.stage === 'completed');
    return cameOut ? { isProven: true, failures: [], stop: null } : state;
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- created from a Failure
  const code = error.code as FailureCode;
  if (isOfSignal(exitCode)) return state;
  if (STILL_THERE.has(code)) return { ...state, stop: { code, why: 'a card may still be in the kiosk' } };
  if (code === 'plan-stopped') return { ...state, stop: { code, why: error.message } };
  if (code === 'plan-held')
    return { ...state, stop: { code, why: 'it was put on hold after the plan was approved' } };
  if (code === 'kiosk-held') return { ...state, stop: { code, why: 'the kiosk is on hold' } };
  if (isOfJournal(code)) return { ...state, stop: { code, why: error.message } };
  if (SENT_NOTHING.has(code)) return state;
  const failures = [...state.failures, exitCode];
  const what = FAILED_AGAIN.has(code) ? 'failed again' : 'could not be sent';
  if (!state.isProven) return { ...state, failures, stop: tooMany(failures, `the first card ${what}`) };
  const isTooMany = failures.length >= maxFailures;
  const stop = isTooMany ? tooMany(failures, `${counted(failures.length, 'card')} failed in a row`) : null;
  return { ...state, failures, stop };
}

function tooMany(failures: readonly ExitCode[], why: string): Stop {
  return { code: 'too-many-failures', exitCode: combineExitCodes(failures), why };
}
