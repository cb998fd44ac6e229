/** The clocks at one moment. */
export interface HoldClocks {
  /** Milliseconds since the epoch. */
  time: number;
  /** The boot of the machine, and the milliseconds since then. */
  boot: string;
  uptime: number;
}

/** The end of a hold that ends automatically, and the clock of the machine at its start. */
export interface HoldEnd {
  endsAt: number;
  boot: string;
  uptime: number;
}

/** Returns the end of a hold that starts now. @param duration milliseconds; null for a hold without an end */
export function holdEnd(duration: number | null, { time, boot, uptime }: HoldClocks): HoldEnd | null {
  return duration === null ? null : { endsAt: time + duration, boot, uptime };
}

/** The times of a hold. Without an end, it lasts until someone releases the kiosk. */
export type HoldTimes = { heldAt: number } & { [Field in keyof HoldEnd]: HoldEnd[Field] | null };

/**
 * True if a hold has reached its end by the calendar. On the machine that set the hold, until its next boot, the same time
 * must also have passed by the uptime, because a calendar can be set forward.
 */
export function isHoldOver({ heldAt, endsAt, boot, uptime }: HoldTimes, now: HoldClocks): boolean {
  if (endsAt === null || now.time < endsAt) return false;
  if (boot !== now.boot || uptime === null) return true;
  return now.uptime - uptime >= endsAt - heldAt;
}

const LONG_MS = 24 * 3_600_000;

/** True if a kiosk has been on hold for so long that it may have been forgotten. */
export function isHeldLong({ heldAt }: Pick<HoldTimes, 'heldAt'>, now: number): boolean {
  return now - heldAt > LONG_MS;
}
