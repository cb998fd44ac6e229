import type { Context } from '../context/context.ts';

/** Something that happened some times for the same reason. */
export interface Notice {
  reason: string;
  count: number;
  /** The events that it happened to, where they are known. */
  ids: number[];
}

const LULL_MS = 1_000;
/** More ids than this help nobody; the count says how many there are. */
const LONGEST_LIST = 100;

/** Tells what may happen thousands of times a second: the first time at once, then at most once a second. */
export class Notices {
  readonly #ctx: Pick<Context, 'clock' | 'signal'>;
  readonly #tell: (notice: Notice) => void;
  readonly #waiting = new Map<string, Notice>();
  #isLull = false;
  total = 0;

  constructor(ctx: Pick<Context, 'clock' | 'signal'>, tell: (notice: Notice) => void) {
    this.#ctx = ctx;
    this.#tell = tell;
  }

  add(reason: string, id?: number): void {
    this.total += 1;
    const notice = this.#waiting.get(reason) ?? { reason, count: 0, ids: [] };
    this.#waiting.set(reason, notice);
    notice.count += 1;
    if (id !== undefined && notice.ids.length < LONGEST_LIST) notice.ids.push(id);
    if (!this.#isLull) void this.#flushAndRest();
  }

  /** Tells what was not told yet. */
  flush(): void {
    const notices = [...this.#waiting.values()];
    this.#waiting.clear();
    notices.forEach(this.#tell);
  }

  async #flushAndRest(): Promise<void> {
    this.#isLull = true;
    while (this.#waiting.size > 0 && !this.#ctx.signal.aborted) {
      this.flush();
      await this.#ctx.clock.sleep(LULL_MS, this.#ctx.signal).catch(() => undefined);
    }
    this.#isLull = false;
  }
}
