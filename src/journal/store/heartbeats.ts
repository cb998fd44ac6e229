import type { OwnerProcess } from '../../domain/attempt.ts';
import { isRunning, isSameBoot } from './owner.ts';

/** Milliseconds without a heartbeat after which a process counts as stopped, even if it is still running. */
export const SILENCE_MS = 10_000;

/** The last stored heartbeat of a process. */
export interface Heartbeat {
  /** Unique key of the row that stores the heartbeat. */
  key: string;
  owner: OwnerProcess;
  /** Time by the sender's calendar clock. Compare it only with other heartbeats of the same row. */
  at: number;
  /** Time by the sender's uptime clock; null in rows of older versions. */
  uptime: number | null;
}

interface Seen {
  beat: string;
  since: number;
  hasMoved: boolean;
}

/**
 * Decides from heartbeats which processes are running. Within a boot, the uptime clock gives the age of a heartbeat.
 * For other machines, this process observes changes of the heartbeat, and measures the silence itself. Calendars of
 * different machines are never compared.
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

  /** Decides if a process is running. @returns null while undecided, at most 10 seconds */
  isRunning({ key, owner, at, uptime }: Heartbeat): boolean | null {
    const now = this.#uptime();
    const isOurClock = isSameBoot(owner, this.#own) && uptime !== null;
    // Check the silence first: a system call is slower, and a journal may have many rows of stopped processes.
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

  /** Returns the milliseconds until a process counts as stopped if it sends no heartbeat. Call `isRunning` first. */
  silentIn({ key, owner, uptime }: Heartbeat): number {
    const isOurClock = isSameBoot(owner, this.#own) && uptime !== null;
    const last = isOurClock ? uptime : (this.#seen.get(key)?.since ?? this.#uptime());
    return Math.max(0, SILENCE_MS - (this.#uptime() - last));
  }
}
