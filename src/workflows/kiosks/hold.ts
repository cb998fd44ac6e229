import { Failure } from '../../domain/failure.ts';
import { redact } from '../../domain/redaction.ts';
import type { Hold } from '../../journal/journal.ts';
import { recordAct } from '../acts.ts';
import type { Context } from '../context.ts';
import { describeUnknown, knownKiosks, nameKnown } from './known-kiosks.ts';

/** A hold is on no card, and belongs to no profile. */
const KIOSK = { target: { profileId: 0, orderId: null, cardToken: null } };

export interface Held {
  hold: Hold;
  /** False where the kiosk was on hold already: that hold stays as it is. */
  changed: boolean;
  /** Does the context or the journal know the kiosk? */
  isKnown: boolean;
}

/**
 * Keeps this journal's commands from sending anything to a kiosk, until it is released. Says so where nothing knows the
 * kiosk: a mistyped one protects nothing.
 * @throws Failure `input-required` without a reason
 */
export async function holdKiosk(ctx: Context, kioskId: string): Promise<Held> {
  const why = ctx.reason ?? (await ctx.ask.type('Why is it put on hold?', { flag: '--reason' }));
  const reason = redact(why.trim());
  if (reason === '') {
    throw new Failure('input-required', 'A hold needs a reason.', { hint: 'Give it with --reason.' });
  }
  const known = await knownKiosks(ctx);
  const isKnown = known.includes(kioskId);
  const { name: context } = ctx;
  const because = { ...ctx, reason };
  const { hold, held } = await recordAct(because, { subject: KIOSK, act: 'hold', kioskId }, () =>
    ctx.journal.holdKiosk({ kioskId, reason, context, at: ctx.clock.now() }),
  );
  if (!isKnown)
    ctx.report.warn(
      `${describeUnknown(ctx, kioskId)} A mistyped one protects nothing. ${nameKnown(known, kioskId)}`,
    );
  return { hold, changed: held, isKnown };
}

/** Ends a hold, whoever set it. @returns the hold that ended; null when there was none */
export async function releaseKiosk(ctx: Context, kioskId: string): Promise<Hold | null> {
  return recordAct(ctx, { subject: KIOSK, act: 'release', kioskId }, () =>
    ctx.journal.releaseKiosk(kioskId, ctx.clock.now()),
  );
}
