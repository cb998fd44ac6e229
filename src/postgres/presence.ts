import { Connection } from './connection.ts';
import type { ConnectionOptions, Identity } from './identity.ts';
import { PostgresSession } from './session.ts';

/** Milliseconds between two checks of the connection. */
const CHECK_MS = 1_000;

/** Age of the last answer, in milliseconds, above which the server is asked again before anything is claimed. */
const FRESH_MS = 2_000;

/** Age of the last answer, in milliseconds, above which nothing is sent. */
const LIMIT_MS = 5_000;

/**
 * Shows other processes that this one is running, with a lock on a separate session: the server releases the lock when
 * the process ends. If the server stops answering on this session, it may have released the lock, so nothing more may
 * be sent.
 */
export class Presence {
  readonly #options: ConnectionOptions;
  readonly #stopwatch: () => number;
  readonly #owner: string;
  readonly #identity: Identity;
  readonly #connection: Connection;
  readonly #timer: NodeJS.Timeout;
  /** The session that has the lock. */
  #locked: PostgresSession | null = null;
  /** Time at which the last answered statement was sent, on the stopwatch. */
  #answeredAt = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> | null = null;

  /** @param owner identifies this process */
  constructor(options: ConnectionOptions, { owner, identity }: { owner: string; identity: Identity }) {
    this.#options = options;
    this.#stopwatch = options.stopwatch ?? (() => performance.now());
    this.#owner = owner;
    this.#identity = identity;
    const { address, patience } = options;
    this.#connection = new Connection(identity, async (signal) =>
      PostgresSession.open(address, { patience, answer: LIMIT_MS, signal }),
    );
    this.#timer = setInterval(() => void this.#check().catch(() => undefined), CHECK_MS).unref();
  }

  /**
   * Ensures that this process has the lock, and that the server has answered recently.
   * @throws the error of the system, of TLS or of the server
   */
  async confirm(): Promise<void> {
    if (!this.#isAnswered(FRESH_MS)) await this.#check();
    // The check may have started long before this call, so its answer may be old.
    if (!this.#isAnswered(FRESH_MS)) await this.#check();
    this.assertAnswered();
  }

  /** Checks synchronously that the server has answered recently. @throws the error for an unusable database */
  assertAnswered(): void {
    if (this.#isAnswered(LIMIT_MS)) return;
    throw this.#options.fault('cannot be used: its server has not answered for 5 seconds');
  }

  /** Ends the session without waiting for the server. The next check opens another one. */
  drop(): void {
    this.#connection.drop();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#checking?.catch(() => undefined);
    await this.#connection.close();
  }

  #isAnswered(limit: number): boolean {
    const isLocked = this.#locked !== null && !this.#locked.isLost;
    return isLocked && this.#stopwatch() - this.#answeredAt <= limit;
  }

  async #check(): Promise<void> {
    this.#checking ??= this.#lock().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  /**
   * Acquires the lock if the session does not have it; otherwise checks that the database was not restored. Several
   * journals of one process share the lock.
   */
  async #lock(): Promise<void> {
    const session = await this.#connection.session();
    const sentAt = this.#stopwatch();
    await (session === this.#locked ? this.#identity.confirm(session) : session.lockOwner(this.#owner));
    this.#locked = session;
    this.#answeredAt = sentAt;
  }
}
