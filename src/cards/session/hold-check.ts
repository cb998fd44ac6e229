import type { Context } from '../../context/context.ts';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import type { KioskId } from '../../domain/ids.ts';
import { commandLine } from '../../domain/next-command.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import type { Hold } from '../../journal/journal.ts';

/** Refuses to send to a kiosk that is on hold. @throws Failure `kiosk-held` */
export async function refuseHeld(ctx: Context, kioskId: KioskId): Promise<void> {
  const hold = await findHold(ctx, kioskId);
  if (hold) throw kioskHeld(ctx, hold);
}

export async function findHold(ctx: Context, kioskId: KioskId): Promise<Hold | null> {
  return (await ctx.journal.listHolds()).find((one) => one.kioskId === kioskId) ?? null;
}

export function kioskHeld(ctx: Context, { kioskId, reason, user, host, heldAt }: Hold): Failure {
  const since = utcTime(heldAt);
  return failure(
    'kiosk-held',
    `Kiosk ${kioskId} is on hold since ${since}, set by ${user}@${host}: ${reason}`,
    `Once it may print again: ${commandLine(['kiosk', 'release', kioskId], ctx.invocation)}`,
  );
}
