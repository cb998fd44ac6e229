import type { Identity } from './identity.ts';
import type { Backend, PostgresSession } from './session.ts';

/**
 * A session that is opened on demand and reopened after it was lost. Verifies that each session is connected to the
 * same database.
 */
export class Connection {
  readonly #open: (signal: AbortSignal) => Promise<PostgresSession>;
  readonly #identity: Identity;
  #session: PostgresSession | null = null;
  #backend: Backend | null = null;
  #dropping = new AbortController();

  /** @param open opens a session, which ends without the server's consent when the signal is aborted */
  constructor(identity: Identity, open: (signal: AbortSignal) => Promise<PostgresSession>) {
    this.#identity = identity;
    this.#open = open;
  }

  /**
   * Returns the open session, or opens one.
   * @throws the error for a replaced database; Error of the system, of TLS or of the server
   */
  async session(): Promise<PostgresSession> {
    this.#identity.assertCurrent();
    if (this.#session && !this.#session.isLost) return this.#session;
    const session = await this.#open(this.#dropping.signal);
    try {
      this.#backend = await this.#identity.check(session);
    } catch (error) {
      await session.end();
      throw error;
    }
    this.#session = session;
    return session;
  }

  /** Identifies the latest session to the server; null before the first session. */
  get backend(): Backend | null {
    return this.#backend;
  }

  /** Ends the session without waiting for the server, also while it is being opened. The next use opens another one. */
  drop(): void {
    this.#dropping.abort();
    this.#dropping = new AbortController();
  }

  async close(): Promise<void> {
    await this.#session?.end();
  }
}
