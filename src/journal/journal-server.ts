import type { MakeFault } from '../database/faults.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { toShell } from '../domain/next-command.ts';
import type { PostgresAddress } from '../postgres/address.ts';
import { faultOf, isUnprivileged } from '../postgres/faults.ts';
import { isSameJournal } from '../postgres/journal-url.ts';
import { SCHEMA_VERSION, type SchemaVersion, schemaObstacle } from '../postgres/schema-version.ts';
import { PostgresSession } from '../postgres/session.ts';
import { inTransaction } from '../postgres/transaction.ts';
import { installQueue, type QueueChange } from '../queue/queue-schema.ts';
import { checkServer, inspectServer, type ServerChecks, type ServerInspection } from './inspect-server.ts';
import type { Journal } from './journal.ts';
import { movedJournal } from './journal-faults.ts';
import { type MovedRows, moveRows } from './move-journal.ts';
import type { MovedFile } from './moved-file.ts';
import { JOURNAL_SCHEMA, makeJournal } from './open-journal.ts';
import { loadPostgres, PATIENCE_MS, unusableServer } from './postgres-journal.ts';
import { type JournalRoles, rolesOf } from './server-roles.ts';
import { createSchema, type SchemaChange, upgradeSchema } from './server-schema.ts';
import { nextServerGeneration } from './tables/state.ts';

interface ServerOptions {
  /** Name of the journal in messages, with the login of its URL. */
  name: string;
  address: PostgresAddress;
  environment: string;
  /** Returns milliseconds since the epoch. */
  now: () => number;
}

/** Faults of the server as failures of an operation. */
interface Faults {
  /** Advice if the login lacks the privileges for the operation. */
  privilegeFix?: string;
  fault?: MakeFault;
}

/** Operations on the journal as a schema of a PostgreSQL database. */
export class JournalServer {
  readonly #options: ServerOptions;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** Name in messages. */
  get name(): string {
    return this.#options.address.name;
  }

  get roles(): JournalRoles {
    return rolesOf(this.#options.address.schema);
  }

  /** @throws Failure `journal-unusable`, also if the journal does not exist */
  async inspect(): Promise<ServerInspection> {
    const found = await this.#use(inspectServer);
    if (found) return found;
    throw this.#fault('is damaged: it has no identity');
  }

  /** Checks the server and the privileges of the login. @throws Failure `journal-unusable` */
  async check(): Promise<ServerChecks> {
    return this.#use(checkServer);
  }

  /** Creates the journal and its roles, unless it exists. @throws Failure `journal-unusable` */
  async create(): Promise<SchemaChange> {
    return this.#use(createSchema, {
      privilegeFix:
        'Use a login that may create roles, and schemas in this database: kioskctl journal create --login <NAME>',
    });
  }

  /** Migrates the journal's schema. @throws Failure `journal-unusable`, also if the journal does not exist */
  async upgrade(): Promise<SchemaChange> {
    const privilegeFix = `Use a login with the role ${this.roles.owner}: kioskctl journal upgrade --login <NAME>`;
    const change = await this.#use(upgradeSchema, { privilegeFix });
    if (change.after === 0) throw this.#fault('does not exist', 'Create it: kioskctl journal create');
    return change;
  }

  /** Installs or upgrades the job queue beside the journal. @throws Failure `journal-unusable` */
  async installQueue(): Promise<QueueChange> {
    const { address } = this.#options;
    const privilegeFix = `Use a login with the role ${this.roles.owner} that may create schemas in this database: kioskctl journal upgrade --login <NAME>`;
    return this.#use(async (session) => installQueue(session, { address, roles: this.roles }), {
      privilegeFix,
    });
  }

  /**
   * Marks the database as restored: processes that use it end, and each card waits before it is sent.
   * @param record writes to the journal after that
   */
  async markRestored(record: (journal: Journal) => Promise<void>): Promise<void> {
    const { address, now } = this.#options;
    await this.#use(async (session) =>
      inTransaction(session, async () => session.script(...nextServerGeneration(now()))),
    );
    const database = (await loadPostgres())({ address });
    const journal = makeJournal(() => database, this.#options);
    try {
      await record(journal);
    } finally {
      await journal.close();
    }
  }

  /**
   * Copies the records of a file to this journal and seals the file. After an interruption, another call completes the
   * move.
   * @throws Failure `journal-moved`, `attempt-open`, `journal-unusable`
   */
  async move(file: MovedFile): Promise<MovedRows> {
    const { name, address } = this.#options;
    const { movedTo } = file.identity;
    if (movedTo !== null && !isSameJournal(movedTo, name))
      throw movedJournal(file.path, { name: movedTo, isComplete: file.identity.movedAt !== null });
    const again = toShell(['kioskctl', 'journal', 'move', '--from', file.path, '--login']);
    const faults = {
      privilegeFix: `Use a login with the role ${this.roles.owner}: ${again} <NAME>`,
      fault: (reason: string, fix?: string | null) => notMoved(address.name, reason, fix),
    };
    await this.#assertUpgraded(faults);
    file.seal(name);
    let isCommitting = false;
    try {
      const moved = await this.#use(
        async (session) =>
          inTransaction(session, async () => {
            const rows = await moveRows(session, { file, at: this.#options.now() });
            isCommitting = true;
            return rows;
          }),
        faults,
      );
      file.complete(this.#options.now());
      return moved;
    } catch (error) {
      // After COMMIT was sent, the records may be in the database: only another move can find out.
      if (!isCommitting) {
        if (movedTo === null) file.unseal();
        throw error;
      }
      throw this.#fault('did not confirm that it has the records of the file', 'Run the same command again');
    }
  }

  /** Checks that the schema is not older than this version of kioskctl. @throws Failure `journal-unusable` */
  async #assertUpgraded(faults: Faults): Promise<void> {
    const { rows } = await this.#use(
      async (session) => session.run<SchemaVersion>(`SELECT ${SCHEMA_VERSION}`),
      faults,
    );
    const program = { oldest: JOURNAL_SCHEMA, current: JOURNAL_SCHEMA };
    const obstacle = rows[0] && schemaObstacle(rows[0], program);
    if (obstacle) throw this.#fault(obstacle.reason, obstacle.fix);
  }

  /** Opens a session for work. */
  async #use<Result>(
    work: (session: PostgresSession) => Promise<Result>,
    { privilegeFix, fault = (reason, fix) => this.#fault(reason, fix) }: Faults = {},
  ): Promise<Result> {
    try {
      const session = await PostgresSession.open(this.#options.address, { patience: PATIENCE_MS });
      try {
        return await work(session);
      } finally {
        await session.end();
      }
    } catch (error) {
      const ownFix = isUnprivileged(error) ? privilegeFix : undefined;
      throw faultOf(error, (reason, fix) => fault(reason, ownFix ?? fix));
    }
  }

  #fault(reason: string, fix?: string | null) {
    return unusableServer(this.#options.address, reason, fix);
  }
}

/** Creates the failure of a move before its COMMIT. */
function notMoved(name: string, reason: string, fix?: string | null): Failure {
  const hint = `${fix ?? 'Check the server and the network, then run the same command again'}. The file was not changed.`;
  return failure('journal-unusable', `The journal ${name} ${reason}.`, hint);
}
