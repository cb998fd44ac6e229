import type { FailureCode } from '../domain/errors/failure.ts';
import type { CardResult } from '../domain/results.ts';
import { counted } from '../domain/text/words.ts';

/** How the cards of one kiosk go so far. */
export interface Course {
  /** Did a card come out since the fix? Until then, the next one is the canary. */
  isProven: boolean;
  failuresInRow: number;
  /** Why nothing more is sent to this kiosk; null while it goes on. */
  stop: string | null;
}

export const START: Course = { isProven: false, failuresInRow: 0, stop: null };

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

/** With these somebody ended the whole run. */
const ENDED = new Set<FailureCode>(['interrupted', 'terminated']);

/** With these the card may still be in the kiosk, which takes one card at a time. */
const STILL_THERE = new Set<FailureCode>(['deadline-passed', 'outcome-unknown']);

/**
 * Goes on after a card, or stops: a canary must come out, too many failures in a row say that the fix does not hold, and a
 * card that may still be in the kiosk must not be followed by another.
 */
export function advance(
  course: Course,
  { outcome, error, card }: CardResult,
  { maxFailures }: { maxFailures: number },
): Course {
  if (!error) {
    const cameOut = outcome === 'done' && (card.stage === 'produced' || card.stage === 'completed');
    return cameOut ? { isProven: true, failuresInRow: 0, stop: null } : course;
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a document of a Failure
  const code = error.code as FailureCode;
  if (ENDED.has(code)) return course;
  if (STILL_THERE.has(code)) return { ...course, stop: 'a card may still be in the kiosk' };
  if (code === 'kiosk-held') return { ...course, stop: 'the kiosk is on hold' };
  if (SENT_NOTHING.has(code)) return course;
  const failuresInRow = course.failuresInRow + 1;
  const what = FAILED_AGAIN.has(code) ? 'failed again' : 'could not be sent';
  if (!course.isProven) return { ...course, failuresInRow, stop: `the first card ${what}` };
  const isTooMany = failuresInRow >= maxFailures;
  return {
    ...course,
    failuresInRow,
    stop: isTooMany ? `${counted(failuresInRow, 'card')} failed in a row` : null,
  };
}
