import type { Database, Statements, Value } from '../../database/database.ts';
import type { OwnerProcess } from '../../domain/attempt.ts';
import { announcementOf, isRunning, isSameBoot } from './owner.ts';

/** Milliseconds without a heartbeat after which a process counts as stopped, even if it is still running. */
export const SILENCE_MS = 10_000;

/** The last stored heartbeat of a process. */
export interface Heartbeat {
  /** Unique key of the row that stores the heartbeat. */
  key: string;
  owner: OwnerProcess;
  /**
   * Time by the clock of the server; in a file, by the sender's calendar clock, which is only compared with other
   * heartbeats of the same row.
   */
  at: number;
  /** Time by the sender's uptime clock; null on a server, and in rows of older versions. */
  uptime: number | null;
}

/** The state of a process according to its last heartbeat. */
export interface Presence {
  /** True if the process is running; null while this is undecided, which lasts at most 10 seconds. */
  isRunning: boolean | null;
  /** Milliseconds until the process counts as stopped if it sends no heartbeat. */
  freeIn: number;
}

interface Clocks {
  /** The process that checks the others. */
  owner: OwnerProcess;
  /** Returns milliseconds since the epoch. */
  now: () => number;
  /** Returns milliseconds since the boot. */
  uptime: () => number;
  db: Database;
  /** Returns the clock that all processes share; null if there is none. Default: the clock of the database. */
  clock?: (db: Statements) => Promise<number | null>;
}

/** The times of a heartbeat as SQL expressions, with their parameters. */
interface Stamp {
  at: string;
  uptime: string;
  parameters: Readonly<Record<string, Value>>;
}

interface Seen {
  beat: string;
  since: number;
  hasMoved: boolean;
}

/**
 * Decides from heartbeats which processes are running. The age of a heartbeat is measured by the server's clock; in a
 * file, by the uptime clock if the sender has the same clock. Otherwise, this process observes whether the heartbeat
 * changes, and measures the silence itself. Calendars of different machines are never compared.
 */
export class Heartbeats {
  readonly #own: OwnerProcess;
  readonly #clocks: Clocks;
  readonly #seen = new Map<string, Seen>();

  constructor(clocks: Clocks) {
    this.#own = clocks.owner;
    this.#clocks = clocks;
  }

  /** Returns the times of a heartbeat that is stored now. @param at the time by our calendar clock */
  async beat(db: Statements, at: number = this.#clocks.now()): Promise<Pick<Heartbeat, 'at' | 'uptime'>> {
    const shared = await this.#clock(db);
    if (shared === null) return { at, uptime: this.#clocks.uptime() };
    return { at: Math.round(shared), uptime: null };
  }

  /**
   * Returns the times of a heartbeat as SQL. On a server, they are the time at which the statement is executed; in a
   * file, the present time.
   */
  async stamp(at: number = this.#clocks.now()): Promise<Stamp> {
    const { clock, db } = this.#clocks;
    const clockSql = clock ? null : await db.clockSql();
    if (clockSql !== null) return { at: `round(${clockSql})`, uptime: 'NULL', parameters: {} };
    const beat = await this.beat(db, at);
    return { at: ':beatAt', uptime: ':beatUptime', parameters: { beatAt: beat.at, beatUptime: beat.uptime } };
  }

  /** Adds to each row the state of the process that owns it. */
  async check<Row>(
    db: Statements,
    { rows, heartbeatOf }: { rows: readonly Row[]; heartbeatOf: (row: Row) => Heartbeat },
  ): Promise<(Row & Presence)[]> {
    if (rows.length === 0) return [];
    const shared = await this.#clock(db);
    const owners = rows.map((row) => announcementOf(heartbeatOf(row).owner));
    const announced = shared === null ? null : await db.findAnnounced(owners);
    return rows.map((row) => {
      const heartbeat = heartbeatOf(row);
      const presence =
        shared === null ? this.#locally(heartbeat) : this.#byServer(heartbeat, { now: shared, announced });
      return { ...row, ...presence };
    });
  }

  /**
   * Decides if a process is running, for a journal on a server. A killed process is no longer announced. A suspended
   * process is announced, but its heartbeat gets old.
   */
  #byServer(
    { owner, at }: Heartbeat,
    { now, announced }: { now: number; announced: ReadonlySet<string> | null },
  ): Presence {
    const isAnnounced = announced?.has(announcementOf(owner)) ?? true;
    const freeIn = isAnnounced ? Math.max(0, SILENCE_MS - (now - at)) : 0;
    return { isRunning: freeIn > 0 && isRunning(owner, this.#own) !== false, freeIn };
  }

  async #clock(db: Statements): Promise<number | null> {
    const { clock } = this.#clocks;
    return clock ? clock(db) : db.clock();
  }

  #locally(heartbeat: Heartbeat): Presence {
    return { isRunning: this.#isRunning(heartbeat), freeIn: this.#silentIn(heartbeat) };
  }

  #isRunning({ key, owner, at, uptime }: Heartbeat): boolean | null {
    const now = this.#clocks.uptime();
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

  /** Returns the milliseconds until a process counts as stopped. Call `#isRunning` first. */
  #silentIn({ key, owner, uptime }: Heartbeat): number {
    const isOurClock = isSameBoot(owner, this.#own) && uptime !== null;
    const last = isOurClock ? uptime : (this.#seen.get(key)?.since ?? this.#clocks.uptime());
    return Math.max(0, SILENCE_MS - (this.#clocks.uptime() - last));
  }
}
