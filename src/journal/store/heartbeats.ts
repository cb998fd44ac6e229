import type { OwnerProcess } from '../../domain/attempt.ts';
import { isRunning, isSameBoot } from './owner.ts';

/** Without a heartbeat for this long, a process counts as ended, even if it is still running. */
export const SILENCE_MS = 10_000;

/** The last stored heartbeat of a process. */
export interface Heartbeat {
  /** The name of the row that stores the heartbeat. */
  key: string;
  owner: OwnerProcess;
  /** The time by its calendar, which is only compared with earlier heartbeats of the same row. */
  at: number;
  /** The time since its boot; null in rows of older versions. */
  uptime: number | null;
}

interface Seen {
  beat: string;
  since: number;
  hasMoved: boolean;
}

/**
 * Decides which processes are running, by heartbeats. In the same boot the clock of the machine tells how old one is;
 * of another machine this process has to see it move, and measures the silence itself. No two calendars are compared.
 */
export class Heartbeats {
  readonly #own: OwnerProcess;
  readonly #uptime: () => number;
  readonly #seen = new Map<string, Seen>();

  /** @param own the process that decides */
  constructor(own: OwnerProcess, uptime: () => number) {
    this.#own = own;
    this.#uptime = uptime;
  }

  /** True for a running process; null while it is unknown, which takes up to 10 seconds without a new heartbeat. */
  isRunning({ key, owner, at, uptime }: Heartbeat): boolean | null {
    const now = this.#uptime();
    const isOurClock = isSameBoot(owner, this.#own) && uptime !== null;
    // Silence is checked first: asking the system costs more, and a journal may have many rows of ended processes.
    if (isOurClock && (now < uptime || now - uptime >= SILENCE_MS)) return false;
    if (isRunning(owner, this.#own) === false) return false;
    if (isOurClock) return true;
    const beat = `${at} ${uptime}`;
    const known = this.#seen.get(key);
    if (known?.beat !== beat) {
      this.#seen.set(key, { beat, since: now, hasMoved: known !== undefined });
      return known === undefined ? null : true;
    }
    if (now - known.since >= SILENCE_MS) return false;
    return known.hasMoved ? true : null;
  }

  /** Returns the milliseconds until a process counts as ended without another heartbeat; call `isRunning` first. */
  silentIn({ key, owner, uptime }: Heartbeat): number {
    const isOurClock = isSameBoot(owner, this.#own) && uptime !== null;
    const last = isOurClock ? uptime : (this.#seen.get(key)?.since ?? this.#uptime());
    return Math.max(0, SILENCE_MS - (this.#uptime() - last));
  }
}
