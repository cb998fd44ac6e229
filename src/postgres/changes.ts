import type { PostgresAddress } from './address.ts';
import { PostgresSession } from './session.ts';

/** Milliseconds between two checks without a notification, and between two tries to connect again. */
const SLOW_POLL_MS = 1_000;

/** Returns the channel of a journal's notifications. */
export function channelOf({ schema }: PostgresAddress): string {
  return `"kioskctl_${schema}"`;
}

interface Options {
  address: PostgresAddress;
  patience: number;
}

/** The changes of a database: by this process, and by others through notifications on a session of its own. */
export class Changes {
  readonly #options: Options;
  readonly #watchers = new Set<() => void>();
  #session: PostgresSession | null = null;
  #opening: Promise<void> | null = null;
  #count = 0;
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Changes with each reported change; while none would be reported, at each call. */
  version(): string {
    if (!this.#isListening) this.#count += 1;
    return String(this.#count);
  }

  report(): void {
    this.#count += 1;
    for (const watcher of this.#watchers) watcher();
  }

  /** Yields immediately, then after each change, or slowly without one. */
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

  /** Listens, unless it does already; the next slow poll tries again. */
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
      onNotification: () => this.report(),
      onLost: () => this.report(),
    });
    await session.script(`LISTEN ${channelOf(address)}`);
    this.#session = session;
    // What was committed before it listened.
    this.report();
  }
}
