/** A moment that another process can compare with its own clocks. */
export interface Moment {
  /**
   * Id of the clock that `uptime` reads. It identifies the boot of a machine; on systems without a boot id, one
   * process.
   */
  boot: string;
  /** Reading of that clock, in milliseconds. */
  uptime: number;
  /** Wise's clock (`Date` header of a response), in milliseconds since the epoch; null if unknown. */
  vendorTime: number | null;
}

/** A settle window: the time in which a produce request with a lost response may still show up. */
export interface SettleWindow {
  /**
   * The time at which the request was sent or its response was lost, whichever is later. If neither is known, the time
   * of the first check by another process.
   */
  start: Moment;
  /** False while the request is in flight, and if its sender was killed: the kernel may still deliver the request. */
  hasEnded: boolean;
  /** True once a check found that the whole window has passed. */
  isOver: boolean;
}

/** Lengths of the settle window, in milliseconds. */
interface WindowLengths {
  settleWindow: number;
  /** Length if the sender was killed. */
  killedWindow: number;
}

/** Tolerance for `Date` headers: they have whole seconds, and the response takes time to arrive. */
const DATE_TOLERANCE_MS = 2_000;

/**
 * Returns the milliseconds that have certainly passed since a moment: by the uptime clock within a boot, otherwise by
 * Wise's clock; null if neither proves anything. The calendar clock is not used, because users can change it.
 */
function provenSince(start: Moment, now: Moment): number | null {
  // The difference is negative if the read began before the window. Such a read proves nothing, so 0 is returned.
  if (start.boot === now.boot) return Math.max(0, now.uptime - start.uptime);
  if (start.vendorTime === null || now.vendorTime === null) return null;
  const passed = now.vendorTime - start.vendorTime - DATE_TOLERANCE_MS;
  return passed < 0 ? null : passed;
}

/** Returns the length of the settle window if the sender was killed. */
export function killedWindowOf({ settleWindow, killedWindow }: WindowLengths): number {
  return Math.max(settleWindow, killedWindow);
}

/**
 * Returns the remaining milliseconds of the settle window after a restored backup. Attempts after the backup are
 * unknown, and their senders may have been killed.
 * @param seenFor milliseconds since this process first saw the restore
 */
export function restoreWindowLeft(seenFor: number, lengths: WindowLengths): number {
  return Math.max(0, killedWindowOf(lengths) - Math.max(0, seenFor));
}

/**
 * Computes the rest of a settle window. If nothing proves how much of the window has passed, it starts again.
 * @param recorded the stored window; null if none was stored
 * @param options.now the moment at which the read without a trace of the request was sent
 * @param options.begin start of a new window: the latest possible present time, by each clock
 * @returns `left`: the remaining milliseconds; `isNews`: true if `window` differs from `recorded` and must be stored
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
