import type { PostgresAddress } from './address.ts';
import { PostgresSession } from './session.ts';

/** Milliseconds between two checks without a notification, and between two attempts to reconnect. */
const SLOW_POLL_MS = 1_000;

/** Maximum time for opening the session. A process that ends waits for it. */
const OPENING_MS = 2_000;

/** Returns the name of the NOTIFY channel of a journal. */
export function channelOf({ schema }: PostgresAddress): string {
  return `"kioskctl_${schema}"`;
}

interface Options {
  address: PostgresAddress;
  patience: number;
}

/**
 * Reports changes of a database: those of this process, and those of other processes through NOTIFY on a separate
 * session.
 */
export class Changes {
  readonly #options: Options;
  readonly #watchers = new Set<() => void>();
  #session: PostgresSession | null = null;
  #opening: Promise<void> | null = null;
  #count = 0;
  #isClosed = false;
  #dropping = new AbortController();

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Returns a value that changes with each reported change. While notifications can't be received, it changes at each
   * call.
   */
  version(): string {
    if (!this.#isListening) this.#count += 1;
    return String(this.#count);
  }

  report(): void {
    this.#count += 1;
    for (const watcher of this.#watchers) watcher();
  }

  /** Yields immediately, then after each change, at least every second. */
  async *watch(signal: AbortSignal): AsyncIterable<void> {
    let next = Promise.withResolvers<void>();
    const wake = () => next.resolve();
    this.#watchers.add(wake);
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        next = Promise.withResolvers<void>();
        yield;
        this.#listen();
        const timer = setTimeout(() => this.#poll(wake), SLOW_POLL_MS);
        await next.promise;
        clearTimeout(timer);
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#watchers.delete(wake);
    }
  }

  /** Ends the session without waiting for the server. The next check opens another one. */
  drop(): void {
    this.#dropping.abort();
    this.#dropping = new AbortController();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    await this.#session?.end();
  }

  get #isListening(): boolean {
    return this.#session !== null && !this.#session.isLost;
  }

  #poll(wake: () => void): void {
    this.#count += 1;
    wake();
  }

  /** Opens the session for notifications unless it is open. If this fails, the next check tries again. */
  #listen(): void {
    if (this.#isListening || this.#isClosed) return;
    this.#opening ??= this.#open()
      .catch(() => undefined)
      .finally(() => {
        this.#opening = null;
      });
  }

  async #open(): Promise<void> {
    const { address, patience } = this.#options;
    const session = await PostgresSession.open(address, {
      patience,
      answer: OPENING_MS,
      signal: this.#dropping.signal,
      onNotification: () => this.report(),
      onLost: () => this.report(),
    });
    await session.script(`LISTEN ${channelOf(address)}`);
    this.#session = session;
    // Reports changes that were committed before LISTEN.
    this.report();
  }
}
