/** The calendar clock and the uptime clock, read at one moment. */
export interface HoldClocks {
  /** Milliseconds since the epoch. */
  time: number;
  /** Boot id of the machine, and milliseconds since that boot. */
  boot: string;
  uptime: number;
}

/** The end of a temporary hold, with the uptime clock at its start. */
export interface HoldEnd {
  endsAt: number;
  boot: string;
  uptime: number;
}

/** Computes the end of a hold that starts now. @param duration milliseconds; null for a hold without an end */
export function holdEnd(duration: number | null, { time, boot, uptime }: HoldClocks): HoldEnd | null {
  return duration === null ? null : { endsAt: time + duration, boot, uptime };
}

/** Start and end of a hold. Without an end, the hold lasts until a user releases the kiosk. */
export type HoldTimes = { heldAt: number } & { [Field in keyof HoldEnd]: HoldEnd[Field] | null };

/**
 * True if a hold has ended by the calendar clock. The calendar clock can be set forward, so the uptime clock must show
 * the end as well. This applies only on the machine that set the hold, until its next boot.
 */
export function isHoldOver({ heldAt, endsAt, boot, uptime }: HoldTimes, now: HoldClocks): boolean {
  if (endsAt === null || now.time < endsAt) return false;
  if (boot !== now.boot || uptime === null) return true;
  return now.uptime - uptime >= endsAt - heldAt;
}

const LONG_MS = 24 * 3_600_000;

/** True if a hold is so old that it may have been forgotten. */
export function isHeldLong({ heldAt }: Pick<HoldTimes, 'heldAt'>, now: number): boolean {
  return now - heldAt > LONG_MS;
}
