import { describeUnlisted, isUnlisted } from '../cards/listed-kiosk.ts';
import { findHold, holdClocks } from '../cards/session/hold-check.ts';
import type { Context } from '../context/context.ts';
import { recordAction, withReason } from '../context/record-action.ts';
import type { KioskId } from '../domain/ids.ts';
import { holdEnd } from '../domain/times/hold-times.ts';
import type { Hold } from '../journal/journal.ts';
import { describeUnknown, knownKiosks, nameKnown } from './kiosk-cards.ts';

export interface Held {
  hold: Hold;
  /** False if the kiosk was on hold already: the earlier hold stays as it is. */
  changed: boolean;
  /** True if the context or the journal has the kiosk. */
  isKnown: boolean;
}

const PROTECTS_NOTHING = 'A mistyped id protects nothing.';

/**
 * Puts a kiosk on hold: no command with this journal sends anything there until it is released, or until the hold ends. Warns
 * of a kiosk that is unlisted or unknown, because the hold of a mistyped one protects nothing. A kiosk that is on hold already stays as it is, without a record.
 * @param duration milliseconds until the hold ends; null for a hold without an end
 * @throws Failure `input-required` without a reason
 */
export async function holdKiosk(
  ctx: Context,
  kioskId: KioskId,
  { duration = null }: { duration?: number | null } = {},
): Promise<Held> {
  const why = { question: 'Reason for the hold?', refusal: 'A hold needs a reason.' };
  const because = await withReason(ctx, why);
  const reason = because.reason ?? '';
  const known = await knownKiosks(ctx);
  const isKnown = known.includes(kioskId);
  if (isUnlisted(ctx, kioskId)) ctx.report.warn(`${describeUnlisted(ctx, kioskId)} ${PROTECTS_NOTHING}`);
  else if (!isKnown)
    ctx.report.warn(`${describeUnknown(ctx, kioskId)} ${PROTECTS_NOTHING} ${nameKnown(known, kioskId)}`);
  const earlier = await findHold(ctx, kioskId);
  if (earlier) return { hold: earlier, changed: false, isKnown };
  const { name: context } = ctx;
  const clocks = holdClocks(ctx);
  const { hold, held } = await recordAction(because, { action: 'hold', kioskId }, () =>
    ctx.journal.holdKiosk({ kioskId, reason, context, at: clocks.time, end: holdEnd(duration, clocks) }),
  );
  return { hold, changed: held, isKnown };
}

/**
 * Ends the hold on a kiosk, whoever set it. Without a hold, nothing is recorded.
 * @param shown the hold that the user approved to end: one that was set since stays
 * @returns the hold that ended; null if there was none
 */
export async function releaseKiosk(
  ctx: Context,
  kioskId: KioskId,
  { shown }: { shown?: Hold } = {},
): Promise<Hold | null> {
  const hold = await findHold(ctx, kioskId);
  if (!hold || (shown && shown.heldAt !== hold.heldAt)) return null;
  return recordAction(ctx, { action: 'release', kioskId }, () =>
    ctx.journal.releaseKiosk(hold, ctx.calendar.now()),
  );
}
