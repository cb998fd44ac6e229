import type { FailureCode } from '../domain/errors/failure.ts';
import type { CardResult } from '../domain/results.ts';
import { counted } from '../domain/text/words.ts';

/** The state of a retry at one kiosk. */
export interface CanaryState {
  /** A card was produced since the fix. Until then, the next one is the canary. */
  isProven: boolean;
  failuresInRow: number;
  /** Why nothing more is sent to this kiosk; null while it gets cards. */
  stop: string | null;
}

export const START: CanaryState = { isProven: false, failuresInRow: 0, stop: null };

/** With these nothing was sent: they say nothing about the kiosk. */
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

/** With these the cause is still there. */
const FAILED_AGAIN = new Set<FailureCode>(['production-failed', 'production-refused']);

/** With these the whole command was interrupted. */
const ENDED = new Set<FailureCode>(['interrupted', 'terminated']);

/** With these the card may still be in the kiosk, which takes one card at a time. */
const STILL_THERE = new Set<FailureCode>(['deadline-passed', 'outcome-unknown']);

/**
 * Returns the state after a card. A kiosk stops when its canary failed, after too many failures in a row (the fix does
 * not hold), and after a card that may still be in it.
 */
export function advance(
  state: CanaryState,
  { outcome, error, card }: CardResult,
  { maxFailures }: { maxFailures: number },
): CanaryState {
  if (!error) {
    const cameOut = outcome === 'done' && (card.stage === 'produced' || card.stage === 'completed');
    return cameOut ? { isProven: true, failuresInRow: 0, stop: null } : state;
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a document of a Failure
  const code = error.code as FailureCode;
  if (ENDED.has(code)) return state;
  if (STILL_THERE.has(code)) return { ...state, stop: 'a card may still be in the kiosk' };
  if (code === 'kiosk-held') return { ...state, stop: 'the kiosk is on hold' };
  if (SENT_NOTHING.has(code)) return state;
  const failuresInRow = state.failuresInRow + 1;
  const what = FAILED_AGAIN.has(code) ? 'failed again' : 'could not be sent';
  if (!state.isProven) return { ...state, failuresInRow, stop: `the first card ${what}` };
  const isTooMany = failuresInRow >= maxFailures;
  return {
    ...state,
    failuresInRow,
    stop: isTooMany ? `${counted(failuresInRow, 'card')} failed in a row` : null,
  };
}
