import type { Context } from '../context/context.ts';

/** Incidents of one kind with the same reason. */
export interface Notice {
  reason: string;
  count: number;
  /** Ids of the events concerned, if known. */
  ids: number[];
}

const PAUSE_MS = 1_000;
/** Maximum number of reasons that are counted separately. Anyone on the network can cause arbitrary reasons. */
const MOST_REASONS = 20;
const OTHER_REASONS = 'other reasons';
/** Maximum number of events in a notice. The count includes all. */
const LONGEST_LIST = 100;

/**
 * Throttles notices about incidents that may happen thousands of times per second: the first is emitted immediately,
 * later ones are combined into one per pause.
 */
export class ThrottledNotices {
  readonly #ctx: Pick<Context, 'stopwatch' | 'signal'>;
  readonly #emit: (notice: Notice) => void;
  readonly #pause: number;
  readonly #waiting = new Map<string, Notice>();
  #isPausing = false;
  total = 0;

  /** @param pause milliseconds */
  constructor(
    ctx: Pick<Context, 'stopwatch' | 'signal'>,
    emit: (notice: Notice) => void,
    pause: number = PAUSE_MS,
  ) {
    this.#ctx = ctx;
    this.#emit = emit;
    this.#pause = pause;
  }

  add(name: string, id?: number): void {
    this.total += 1;
    const isKnown = this.#waiting.has(name) || this.#waiting.size < MOST_REASONS;
    const reason = isKnown ? name : OTHER_REASONS;
    const notice = this.#waiting.get(reason) ?? { reason, count: 0, ids: [] };
    this.#waiting.set(reason, notice);
    notice.count += 1;
    if (id !== undefined && notice.ids.length < LONGEST_LIST) notice.ids.push(id);
    if (!this.#isPausing) void this.#flushAndPause();
  }

  /** Emits all pending notices. */
  flush(): void {
    const notices = [...this.#waiting.values()];
    this.#waiting.clear();
    notices.forEach(this.#emit);
  }

  async #flushAndPause(): Promise<void> {
    this.#isPausing = true;
    while (this.#waiting.size > 0 && !this.#ctx.signal.aborted) {
      this.flush();
      await this.#ctx.stopwatch.sleep(this.#pause, this.#ctx.signal).catch(() => undefined);
    }
    this.#isPausing = false;
  }
}
