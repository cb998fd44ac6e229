/** A moment, as far as another process can tell how long ago it was. */
export interface Moment {
  /** Names the clock of `uptime`: the boot of a machine, or one process if the system has no such id. */
  boot: string;
  /** Milliseconds on that clock. */
  uptime: number;
  /** The clock of Wise at that moment (`Date` of an answer), in milliseconds since the epoch; null if unknown. */
  vendorTime: number | null;
}

/** The record of a settle window: the time in which a produce request whose answer was lost may still show up. */
export interface SettleWindow {
  /** The sending or the loss of the answer, whichever is later; without evidence, the first check by another process. */
  start: Moment;
  /** False while the request is in flight, and if its sender was killed: the kernel may still deliver it. */
  hasEnded: boolean;
  /** True once the whole window was seen to have passed. */
  isOver: boolean;
}

/** The lengths of a settle window, in milliseconds. */
interface WindowLengths {
  settleWindow: number;
  /** For a request whose sender was killed. */
  killedWindow: number;
}

/** `Date` has whole seconds, and an answer takes time. */
const DATE_TOLERANCE_MS = 2_000;

/**
 * Returns the milliseconds that have passed since a moment, as far as that can be proven: by the same clock of the
 * machine, otherwise by the clock of Wise. Our calendar proves nothing, because it may be set at any time.
 */
function provenSince(start: Moment, now: Moment): number | null {
  // A read that was requested before the start, and answered after it, proves nothing, and moves nothing.
  if (start.boot === now.boot) return Math.max(0, now.uptime - start.uptime);
  if (start.vendorTime === null || now.vendorTime === null) return null;
  const passed = now.vendorTime - start.vendorTime - DATE_TOLERANCE_MS;
  return passed < 0 ? null : passed;
}

/** Returns the length of the window of a request whose sender was killed. */
export function killedWindowOf({ settleWindow, killedWindow }: WindowLengths): number {
  return Math.max(settleWindow, killedWindow);
}

/**
 * Returns how much is left of the window after a restore: attempts that were made after the backup are unknown, and their
 * senders may have been killed.
 * @param seenFor milliseconds since this process saw the mark first
 */
export function restoreWindowLeft(seenFor: number, lengths: WindowLengths): number {
  return Math.max(0, killedWindowOf(lengths) - Math.max(0, seenFor));
}

/**
 * Checks how much of a settle window is left. If nothing proves how long ago it began, it begins now.
 * @param recorded null for a request that was recorded without one
 * @param now when the production was requested that shows nothing of the request
 * @param begin the latest that it may be now, by each clock
 * @returns the milliseconds, and the window as it is to be recorded
 */
export function checkWindow(
  recorded: SettleWindow | null,
  { now, begin }: { now: Moment; begin: Moment },
  lengths: WindowLengths,
): { left: number; window: SettleWindow; isNews: boolean } {
  if (recorded?.isOver) return { left: 0, window: recorded, isNews: false };
  const hasEnded = recorded?.hasEnded ?? false;
  const length = hasEnded ? lengths.settleWindow : killedWindowOf(lengths);
  const passed = recorded && provenSince(recorded.start, now);
  if (!recorded || passed === null)
    return { left: length, window: { start: begin, hasEnded, isOver: false }, isNews: true };
  const isOver = passed >= length;
  return { left: Math.max(0, length - passed), window: { ...recorded, isOver }, isNews: isOver };
}
