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
  /** False if the kiosk was already on hold. The earlier hold remains. */
  changed: boolean;
  /** True if the context or the journal contains the kiosk. */
  isKnown: boolean;
}

const PROTECTS_NOTHING = 'A mistyped id protects nothing.';

/**
 * Puts a kiosk on hold: no command with this journal sends cards there until the hold ends. Warns about an unlisted or
 * unknown kiosk, because a mistyped id protects nothing. If the kiosk is already on hold, nothing changes or is
 * recorded.
 * @param duration milliseconds; null for a hold without an end
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
 * Releases a kiosk, whoever put it on hold. If it is not on hold, nothing is recorded.
 * @param shown the hold that the user confirmed to end; a newer hold remains
 * @returns the hold that ended; null for none
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
