import type { Database } from '../../src/database/database.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { SERVER_SCHEMA } from '../../src/journal/open-journal.ts';
import { nextGeneration } from '../../src/journal/tables/state.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { PostgresDatabase } from '../../src/postgres/postgres-database.ts';
import type { JournalFile } from './disk.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

const PATIENCE_MS = 15_000;
/** Maximum age of an answer of the server at which a process sends. */
const LIVENESS_MS = 5_000;

const ADDRESS: PostgresAddress = {
  name: 'postgres://simulated',
  host: 'simulated',
  port: 1,
  user: 'ada',
  database: 'kioskctl',
  schema: 'kioskctl',
  tls: null,
  password: () => '',
};

/** The journal on a server as opened by one process: the real client, with simulated sessions. */
export class ServerJournal {
  readonly file: JournalFile;
  readonly database: Database;
  readonly #world: World;
  readonly #process: SimulatedProcess;
  #place: string | null = null;
  #replacedAt: number | null = null;

  constructor(world: World, process: SimulatedProcess) {
    this.#world = world;
    this.#process = process;
    this.file = world.disk.current;
    const database = new PostgresDatabase({
      address: ADDRESS,
      schema: SERVER_SCHEMA,
      patience: PATIENCE_MS,
      stopwatch: () => world.timeline.now - world.suspended,
      nextGeneration,
      fault: (reason) => failureOf(reason),
      replaced: (reason) => failureOf(reason),
    });
    if (world.mutation.without === 'liveness') announceOnce(database);
    this.database = database;
  }

  /** Records where the database was when this process first used it. */
  locate(here: string): void {
    if (this.database.generation === '') this.#place = here;
  }

  /** True until another database replaces this one, and as long afterwards as a process may not notice it. */
  get isInPlace(): boolean {
    const { server, timeline } = this.#world;
    if (this.#place === null || server?.here === this.#place) return true;
    this.#replacedAt ??= server?.changedAt ?? 0;
    return timeline.now - this.#replacedAt <= LIVENESS_MS;
  }

  /** True if the server shows this process as running, or did so recently. */
  get isAnnounced(): boolean {
    return (this.#world.server?.releasedFor(this.#process) ?? 0) <= LIVENESS_MS;
  }

  check(): void {
    if (this.#world.mutation.without === 'liveness') return;
    try {
      this.database.assertCurrent();
    } catch (error) {
      this.#world.decided('liveness');
      throw error;
    }
  }

  async close(): Promise<void> {
    // Statements of killed processes never end.
  }
}

/** Lets a mutant assume that the server shows its process as running, once it did. */
function announceOnce(database: Database): void {
  const announce = database.announce.bind(database);
  let announced: Promise<void> | null = null;
  database.announce = async (owner) => (announced ??= announce(owner));
}

function failureOf(reason: string): Failure {
  return new Failure('journal-unusable', `The journal ${reason}.`, { hint: 'Nothing is sent.' });
}
