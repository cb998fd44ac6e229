import { DatabaseError } from 'pg';
import type { Parameters } from '../../src/database/database.ts';
import { JOURNAL_SCHEMA } from '../../src/journal/open-journal.ts';
import type { Begun, PostgresSession } from '../../src/postgres/session.ts';
import { ConnectionLost } from '../../src/postgres/session.ts';
import { CLOCK } from '../../src/postgres/statements.ts';
import { EPOCH, type SimulatedProcess } from './process.ts';
import type { ServerSession, SimulatedServer } from './server.ts';
import { immediate, type World } from './world.ts';

interface Answer<Row> {
  rows: Row[];
  changes: number;
}

interface Limits {
  /** Maximum wait for other writers, in milliseconds. */
  patience: number;
  /** Maximum time for a response, in milliseconds. */
  answer?: number;
}

const ANSWER_MS = 22_000;

/** Probability that a connection is lost in an exchange. */
const LOSSES = { calm: 0.01, slow: 0.04, lossy: 0.08 };

/** The session that only shows that its process is running has the shortest time for a response. */
const isPresence = ({ answer }: Limits) => answer === 5_000;

/** Opens a session for the running process. Has the interface of `PostgresSession.open`. */
export async function openSession(world: World, limits: Limits): Promise<PostgresSession> {
  const { running: process, server } = world;
  if (!process || !server) throw new TypeError('no process is running');
  await process.pauseAtJournal('connect to the server');
  if (process.isCutOff(isPresence(limits))) {
    await process.pause('no server', Math.min(limits.answer ?? ANSWER_MS, 10_000));
    throw Object.assign(new Error('timeout expired'), { code: 'ETIMEDOUT' });
  }
  const session = new SimulatedSession({ world, process, server, limits });
  return session as unknown as PostgresSession;
}

/** A session over a network that loses connections: before the server gets a statement, before its response, or late. */
class SimulatedSession {
  readonly schema = 'kioskctl';
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #server: SimulatedServer;
  readonly #limits: Limits;
  readonly #session: ServerSession;
  #isLost = false;
  /** Settles when all earlier statements have been answered. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(parts: { world: World; process: SimulatedProcess; server: SimulatedServer; limits: Limits }) {
    this.#world = parts.world;
    this.#process = parts.process;
    this.#server = parts.server;
    this.#limits = parts.limits;
    this.#session = parts.server.connect(parts.process);
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  get processId(): number {
    return this.#session.processId;
  }

  async run<Row>(sql: string, parameters: Parameters = {}): Promise<Answer<Row>> {
    return this.#exchange('statement', async () => this.#run<Row>(sql, parameters));
  }

  async script(...statements: string[]): Promise<{ command: string; row: unknown }[]> {
    const isCommit = statements.includes('COMMIT');
    return this.#exchange(isCommit ? 'COMMIT' : 'script', async () => {
      const results = [];
      for (const statement of statements) results.push(await this.#command(statement));
      return results;
    });
  }

  async begin(): Promise<Begun> {
    return this.#exchange('BEGIN', async () => {
      await this.#lock();
      return { id: String(this.#server.begin(this.#session)), at: this.#now };
    });
  }

  async batch(
    statements: readonly { sql: string; parameters: Parameters }[],
    last: readonly string[],
  ): Promise<unknown[][]> {
    return this.#exchange('batch', async () => {
      await this.#lock();
      this.#server.begin(this.#session);
      const rows: unknown[][] = [];
      try {
        for (const { sql, parameters } of statements) rows.push((await this.#run(sql, parameters)).rows);
      } catch (error) {
        this.#server.rollBack(this.#session);
        throw error;
      }
      for (const statement of [...last, 'COMMIT']) await this.#command(statement);
      return rows;
    });
  }

  async terminate({ processId }: { processId: number }): Promise<boolean> {
    return this.#exchange('terminate', async () => {
      this.#server.terminate(processId);
      return Promise.resolve(true);
    });
  }

  async lockOwner(owner: string): Promise<void> {
    await this.#exchange('lock of the owner', async () => {
      this.#session.owner = owner;
      return Promise.resolve();
    });
  }

  async findLocked(owners: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#exchange('locks', async () => {
      const locked = this.#server.owners();
      return Promise.resolve(new Set(owners.filter((owner) => locked.includes(owner))));
    });
  }

  async end(): Promise<void> {
    this.#isLost = true;
    this.#server.end(this.#session);
    return Promise.resolve();
  }

  get #isCutOff(): boolean {
    return this.#process.isCutOff(isPresence(this.#limits));
  }

  get #now(): number {
    return EPOCH + this.#world.timeline.now;
  }

  /** Sends statements after the earlier ones, and waits for their response. */
  async #exchange<Result>(label: string, act: () => Promise<Result>): Promise<Result> {
    const turn = this.#queue.then(async () => this.#send(label, act));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #send<Result>(label: string, act: () => Promise<Result>): Promise<Result> {
    if (this.#isLost) throw new ConnectionLost(null);
    const { random, plan } = this.#process;
    const isLossy =
      !this.#world.isOver &&
      random.chance(LOSSES[plan.network] * (label === 'COMMIT' || label === 'batch' ? 2 : 1));
    const loss = isLossy ? random.pick(['the statement', 'its response', 'late'] as const) : null;
    await this.#process.pause(label, random.chance(0.1) ? random.magnitude(50, 3_000) : random.whole(0, 4));
    this.#server.reap();
    if (this.#isCutOff) return this.#lose(isPresence(this.#limits) ? 'the connection' : null);
    if (this.#session.hasEnded || loss === 'the statement') return this.#lose(loss);
    if (loss === 'late' && (label === 'COMMIT' || label === 'batch')) {
      this.#world.timeline.after(random.magnitude(10, 8_000), async () => this.#arriveLate(act));
      return this.#lose(null);
    }
    this.#session.usedAt = this.#world.timeline.now;
    const result = await act();
    this.#world.isDirty = true;
    if (loss !== null) return this.#lose(loss);
    return result;
  }

  /** The server executes statements of a session that its client regards as lost. */
  async #arriveLate(act: () => Promise<unknown>): Promise<void> {
    if (this.#session.hasEnded) return;
    // They may have to wait for another session.
    void act()
      .catch(() => undefined)
      .finally(() => this.#server.end(this.#session));
    await immediate();
    this.#world.isDirty = true;
    await this.#world.check();
  }

  /** @param loss the server notices it; null if it does so later, or never */
  async #lose(loss: string | null): Promise<never> {
    const { random } = this.#process;
    this.#isLost = true;
    if (loss !== null) this.#server.end(this.#session);
    else this.#session.noticesAt ??= this.#world.timeline.now + random.whole(8_000, 20_000);
    this.#world.trace(`${this.#process.id} loses its connection to the server`);
    const wait = this.#isCutOff ? (this.#limits.answer ?? ANSWER_MS) : random.magnitude(1, 2_000);
    await this.#process.pause('lost', wait);
    throw new ConnectionLost(null);
  }

  /** Waits until no other session may write. */
  async #lock(): Promise<void> {
    const { mutation, timeline } = this.#world;
    if (mutation.without === 'lock') return;
    const end = timeline.now + this.#limits.patience;
    while (this.#server.writer !== null && this.#server.writer !== this.#session) {
      this.#world.decided('lock');
      await this.#process.pause('lock', this.#process.random.whole(5, 100));
      this.#server.reap();
      if (timeline.now > end) throw lockTimeout();
      if (this.#session.hasEnded) await this.#lose(null);
    }
    this.#server.writer = this.#session;
  }

  async #run<Row>(sql: string, parameters: Parameters): Promise<Answer<Row>> {
    const special = await this.#special(sql, parameters);
    if (special !== null) return { rows: special as Row[], changes: 0 };
    const text = sql.replaceAll(CLOCK, String(this.#now));
    const { rows, changes } = await this.#server.execute(this.#session, { sql: text, parameters });
    return { rows: rows as Row[], changes };
  }

  /** Executes statements that SQLite does not have. @returns null for others */
  async #special(sql: string, parameters: Parameters): Promise<unknown[] | null> {
    const { id, place } = parameters as { id?: string; place?: string };
    if (sql.includes('pg_xact_status')) {
      this.#world.decided('commit');
      const isAssumed = this.#world.mutation.without === 'commit';
      return [{ status: isAssumed ? 'committed' : this.#server.statusOf(Number(id)) }];
    }
    if (sql.includes('pg_control_system')) return [await this.#identity()];
    if (sql.includes('FROM schema_versions')) return [{ version: JOURNAL_SCHEMA }];
    if (!sql.startsWith('UPDATE identity SET place')) return null;
    this.#server.place = place ?? null;
    return [];
  }

  async #identity(): Promise<Record<string, unknown>> {
    this.#world.locate(this.#process, this.#server.here);
    const sql = 'SELECT generation FROM identity';
    const { rows } = await this.#server.execute(this.#session, { sql, parameters: {} });
    return {
      ...(rows[0] as { generation: string }),
      place: this.#server.here,
      lastPlace: this.#server.place,
      schema: JOURNAL_SCHEMA,
      oldestProgram: JOURNAL_SCHEMA,
      isStandby: 0,
      processId: this.processId,
      startedAt: '',
    };
  }

  async #command(statement: string): Promise<{ command: string; row: unknown }> {
    const session = this.#session;
    const [command = ''] = statement.split(' ');
    switch (command) {
      case 'COMMIT':
        await this.#server.commit(session);
        break;
      case 'ROLLBACK':
        if (statement === 'ROLLBACK') this.#server.rollBack(session);
        else session.writes?.splice(session.savepoint);
        break;
      case 'SAVEPOINT':
        session.savepoint = session.writes?.length ?? 0;
        break;
      case 'RELEASE':
      case 'NOTIFY':
      case 'LISTEN':
        break;
      default:
        return { command, row: (await this.#run(statement, {})).rows[0] };
    }
    return { command, row: undefined };
  }
}

function lockTimeout(): DatabaseError {
  return Object.assign(new DatabaseError('lock timeout', 0, 'error'), { code: '55P03', severity: 'ERROR' });
}
