import { LinkedAbort } from '../wise/http.ts';
import type { Reading } from './clocks.ts';
import type { Context } from './context.ts';

/** Maximum sleep without a change, in milliseconds. It also limits the time until a stopped listener is noticed. */
const SLOW_POLL_MS = 1_000;

/** Minimum time between two wake-ups, in milliseconds, so that one read covers a burst of events. */
const SPACING_MS = 5;

/** Lets waits sleep until the journal changes. Events are noticed within milliseconds, and an idle wait uses no CPU. */
export class JournalChanges {
  readonly #ctx: Pick<Context, 'journal' | 'stopwatch' | 'signal'>;
  readonly #end = new AbortController();
  #isWatching = false;
  #hasChanged = false;
  #endedAt: Reading | null = null;
  #wake: () => void = () => undefined;

  constructor(ctx: Pick<Context, 'journal' | 'stopwatch' | 'signal'>) {
    this.#ctx = ctx;
  }

  /**
   * Sleeps until the journal may have changed since the previous sleep.
   * @param milliseconds maximum sleep
   * @param options.spacing minimum time in milliseconds between the ends of two sleeps
   * @throws the reason of the context's signal
   */
  async sleep(milliseconds: number, { spacing = SPACING_MS } = {}): Promise<void> {
    const { stopwatch, signal } = this.#ctx;
    if (!this.#isWatching) void this.#watch();
    const longest = Math.min(milliseconds, SLOW_POLL_MS);
    if (!this.#hasChanged) await this.#sleepUnlessChanged(longest);
    const early = this.#endedAt ? spacing - stopwatch.since(this.#endedAt) : 0;
    if (early > 0) await stopwatch.sleep(Math.min(early, longest), signal);
    this.#hasChanged = false;
    this.#endedAt = stopwatch.now();
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }

  async #sleepUnlessChanged(milliseconds: number): Promise<void> {
    const { stopwatch, signal } = this.#ctx;
    using woken = new LinkedAbort(signal);
    this.#wake = () => woken.abort();
    try {
      await stopwatch.sleep(milliseconds, woken.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!woken.signal.aborted) throw error;
    }
  }

  async #watch(): Promise<void> {
    this.#isWatching = true;
    try {
      for await (const _ of this.#ctx.journal.watch(this.#end.signal)) {
        this.#hasChanged = true;
        this.#wake();
      }
    } catch {
      // The next read of the journal reports this error.
    }
  }
}
