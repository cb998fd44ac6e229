import { combineExitCodes, type ExitCode, isOfSignal } from '../domain/errors/exit-codes.ts';
import type { FailureCode } from '../domain/errors/failure.ts';
import { type CardResult, isOfJournal } from '../domain/results.ts';
import { counted } from '../domain/text/words.ts';

/** The reason why nothing more is sent to a kiosk. */
interface Stop {
  code: FailureCode;
  /** For `too-many-failures`: the exit code of the failures. */
  exitCode?: ExitCode;
  /** Ends the sentence “Nothing more is sent to kiosk …:”. */
  why: string;
}

/** The state of a retry at one kiosk. */
export interface CanaryState {
  /** True once a card was produced since the fix. Until then, the next card is the canary. */
  isProven: boolean;
  /** The exit codes of the failures in a row. */
  failures: readonly ExitCode[];
  /** null while the kiosk gets cards. */
  stop: Stop | null;
}

export const START: CanaryState = { isProven: false, failures: [], stop: null };

/** Failures after which nothing was sent: they don't concern the kiosk. */
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

/** Failures that show that the cause is not fixed. */
const FAILED_AGAIN = new Set<FailureCode>(['production-failed', 'production-refused']);

/** Failures after which the card may still be in the kiosk, which takes one card at a time. */
const STILL_THERE = new Set<FailureCode>(['deadline-passed', 'outcome-unknown']);

/**
 * Returns the state after a card. The retry at a kiosk stops if the canary failed, after too many failures in a row (the
 * cause is not fixed), and if a card may still be in the kiosk.
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
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a document of a Failure
  const code = error.code as FailureCode;
  if (isOfSignal(exitCode)) return state;
  if (STILL_THERE.has(code)) return { ...state, stop: { code, why: 'a card may still be in the kiosk' } };
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
