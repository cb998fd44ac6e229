import type { Context } from '../../context/context.ts';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import type { KioskId } from '../../domain/ids.ts';
import { commandLine } from '../../domain/next-command.ts';
import { type HoldClocks, isHoldOver } from '../../domain/times/hold-times.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import type { Hold } from '../../journal/journal.ts';

/** Rejects a kiosk on hold. @throws Failure `kiosk-held` */
export async function refuseHeld(ctx: Context, kioskId: KioskId): Promise<void> {
  const hold = await findHold(ctx, kioskId);
  if (hold) throw kioskHeld(ctx, hold);
}

export async function findHold(ctx: Context, kioskId: KioskId): Promise<Hold | null> {
  return (await listHolds(ctx)).find((one) => one.kioskId === kioskId) ?? null;
}

/** Lists the holds, oldest first. Ends each hold whose time is over. */
export async function listHolds(ctx: Context): Promise<Hold[]> {
  const now = holdClocks(ctx);
  const holds = await ctx.journal.listHolds();
  for (const hold of holds.filter((one) => isHoldOver(one, now)))
    await ctx.journal.releaseKiosk(hold, hold.endsAt ?? now.time);
  return holds.filter((one) => !isHoldOver(one, now));
}

/** Reads the clocks that determine the end of a hold. */
export function holdClocks({ calendar, uptime }: Context): HoldClocks {
  return { time: calendar.now(), boot: uptime.boot, uptime: Math.round(uptime.withSleep()) };
}

export function kioskHeld(ctx: Context, { kioskId, reason, user, host, heldAt, endsAt }: Hold): Failure {
  const since = `${utcTime(heldAt)}${endsAt === null ? '' : `, until ${utcTime(endsAt)}`}`;
  return failure(
    'kiosk-held',
    `Kiosk ${kioskId} is on hold since ${since}, set by ${user}@${host}: ${reason}`,
    `Release it: ${commandLine(['kiosk', 'release', kioskId], ctx.invocation)}`,
  );
}
