import type { Parameters, Statements } from '../../src/database/database.ts';
import type { JournalFile } from './disk.ts';
import type { SimulatedProcess } from './process.ts';
import type { Random } from './random.ts';

interface Write {
  sql: string;
  parameters: Parameters;
  /** The row that was inserted, with the id that the server has drawn for it; it is not drawn again. */
  inserted?: { table: string; id: number };
}

interface Executed {
  rows: unknown[];
  changes: number;
}

/** A session as the server knows it. */
export interface ServerSession {
  readonly processId: number;
  readonly process: SimulatedProcess;
  /** The process that is shown as running, by a lock of this session; null for none. */
  owner: string | null;
  /** The writes of the open transaction; null without one. */
  writes: Write[] | null;
  transactionId: number;
  /** Start of the open savepoint in `writes`. */
  savepoint: number;
  usedAt: number;
  hasEnded: boolean;
  /** When the server notices that the process was killed; null while it runs. */
  noticesAt: number | null;
}

type Status = 'in progress' | 'committed' | 'aborted';

/** Time after which the server ends a session with an open transaction, in milliseconds. */
const IDLE_MS = 10_000;
/** Maximum time until the server notices that a client is gone, in milliseconds. */
const SILENCE_MS = 20_000;

/**
 * A PostgreSQL server with the database of a journal. A transaction sees what others have committed before each of its
 * statements, and its own writes.
 */
export class SimulatedServer {
  /** Changes with each failover. */
  timelineId = 1;
  /** Where the journal was opened last. */
  place: string | null = null;
  /** Time of the last failover. */
  changedAt = 0;
  /** The session that may write. */
  writer: ServerSession | null = null;
  readonly #file: () => JournalFile;
  readonly #now: () => number;
  readonly #random: Random;
  readonly #sessions = new Set<ServerSession>();
  readonly #statuses = new Map<number, Status>();
  /** When the lock of a process was released, by its owner. */
  readonly #releasedAt = new Map<SimulatedProcess, number>();
  readonly #onHidden: (table: string) => void;
  #ids = 0;
  /** The highest ids of committed rows, by table. */
  readonly #shown = new Map<string, number>();

  constructor(parts: {
    file: () => JournalFile;
    now: () => number;
    random: Random;
    /** Called for a row that becomes visible after one with a higher id. */
    onHidden: (table: string) => void;
  }) {
    this.#onHidden = parts.onHidden;
    this.#file = parts.file;
    this.#now = parts.now;
    this.#random = parts.random;
  }

  connect(process: SimulatedProcess): ServerSession {
    const session: ServerSession = {
      processId: this.#draw(),
      process,
      owner: null,
      writes: null,
      transactionId: 0,
      savepoint: 0,
      usedAt: this.#now(),
      hasEnded: false,
      noticesAt: null,
    };
    this.#sessions.add(session);
    return session;
  }

  /** Ends the sessions of killed processes, and those that are idle in a transaction. */
  reap(): void {
    const now = this.#now();
    for (const session of this.#sessions) {
      if (!session.process.isRunning)
        session.noticesAt ??= now + (this.#random.chance(0.7) ? 0 : this.#random.whole(0, SILENCE_MS));
      const isIdle = session.writes !== null && now - session.usedAt > IDLE_MS;
      if (isIdle || (session.noticesAt !== null && now >= session.noticesAt)) this.end(session);
    }
  }

  /** Ends a session, and rolls back its transaction. */
  end(session: ServerSession): void {
    if (session.hasEnded) return;
    session.hasEnded = true;
    this.#sessions.delete(session);
    this.rollBack(session);
    if (session.owner === null) return;
    this.#releasedAt.set(session.process, this.#now());
    // Other processes may use its cards from now on.
    session.process.freezes += 1;
  }

  begin(session: ServerSession): number {
    session.writes = [];
    session.transactionId = this.#draw();
    this.#statuses.set(session.transactionId, 'in progress');
    return session.transactionId;
  }

  async execute(session: ServerSession, write: Write): Promise<Executed> {
    const { db } = this.#file();
    if (session.writes === null) return this.#execute(db, write);
    const { writes } = session;
    let executed: Executed = { rows: [], changes: 0 };
    // Nobody sees the writes before the commit: they are rolled back, and repeated before the next statement.
    await db
      .transaction(async (tx) => {
        for (const earlier of writes) await this.#execute(tx, earlier);
        executed = await this.#execute(tx, write);
        throw new RolledBack();
      })
      .catch((error: unknown) => {
        if (!(error instanceof RolledBack)) throw error;
      });
    if (executed.changes > 0) writes.push(write);
    return executed;
  }

  async commit(session: ServerSession): Promise<void> {
    const { writes, transactionId } = session;
    if (writes === null) return;
    const { db } = this.#file();
    await db.transaction(async (tx) => {
      for (const write of writes) await this.#execute(tx, write);
    });
    for (const { inserted } of writes) if (inserted) this.#show(inserted);
    this.#statuses.set(transactionId, 'committed');
    this.#leave(session);
  }

  /** Executes a statement. Rows have the id that was drawn first, like those of a sequence of PostgreSQL. */
  async #execute(db: Statements, write: Write): Promise<Executed> {
    const [, table] = /^\s*INSERT INTO (events|acts)\b/.exec(write.sql) ?? [];
    if (table === undefined) return execute(db, write);
    const { id } = (write.inserted ??= { table, id: this.#draw() });
    const sql = write.sql.replace('(', '(id, ').replace(/VALUES\s*\(/, (found) => `${found}${id}, `);
    return execute(db, { ...write, sql });
  }

  #draw(): number {
    this.#ids += 1;
    return this.#ids;
  }

  /** A reader that continues after the last row misses those that become visible later, with a lower id. */
  #show({ table, id }: { table: string; id: number }): void {
    const last = this.#shown.get(table) ?? 0;
    if (id < last) this.#onHidden(table);
    this.#shown.set(table, Math.max(last, id));
  }

  rollBack(session: ServerSession): void {
    if (session.writes !== null) this.#statuses.set(session.transactionId, 'aborted');
    this.#leave(session);
  }

  /** @returns null for a transaction that the server does not know */
  statusOf(transactionId: number): Status | null {
    return this.#statuses.get(transactionId) ?? null;
  }

  /** Returns the processes that are shown as running. */
  owners(): (string | null)[] {
    this.reap();
    return [...this.#sessions].map(({ owner }) => owner);
  }

  /** Ends the session with this id. */
  terminate(processId: number): void {
    for (const session of this.#sessions) if (session.processId === processId) this.end(session);
  }

  /** Where the database is now. */
  get here(): string {
    return `${this.#file().number} timeline ${this.timelineId}`;
  }

  /** Ends all sessions. Another server continues, with another timeline. */
  failOver(): void {
    this.timelineId += 1;
    this.changedAt = this.#now();
    for (const session of this.#sessions) this.end(session);
    this.#statuses.clear();
  }

  /** Returns the milliseconds since the lock of a process was released; 0 while it is held. */
  releasedFor(process: SimulatedProcess): number {
    this.reap();
    const isHeld = [...this.#sessions].some((one) => one.process === process && one.owner !== null);
    return isHeld ? 0 : this.#now() - (this.#releasedAt.get(process) ?? this.#now());
  }

  #leave(session: ServerSession): void {
    session.writes = null;
    if (this.writer === session) this.writer = null;
  }
}

class RolledBack extends Error {}

async function execute(db: Statements, { sql, parameters }: Write): Promise<Executed> {
  const isQuery = /^\s*SELECT/i.test(sql);
  if (!isQuery && !/\bRETURNING\b/i.test(sql)) return { rows: [], ...(await db.run(sql, parameters)) };
  const rows = await db.all(sql, parameters);
  return { rows, changes: isQuery ? 0 : rows.length };
}
