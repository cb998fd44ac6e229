import { failure } from '../domain/errors/failure.ts';
import type { KeptEvent } from '../domain/event.ts';
import { commandLine } from '../domain/next-command.ts';
import type { Via } from '../domain/results.ts';
import type { Reading } from './clocks.ts';
import type { Context } from './context.ts';
import { type Coverage, type Covered, coverageOf } from './coverage.ts';

/** Interval between two checks for a running listener, in milliseconds. */
const CHECK_MS = 1_000;

/** Decides for all cards of a command if waits read the journal or the API. */
export class ListenerCheck {
  readonly via: Via;
  readonly #ctx: Context;
  #checkedAt: Reading | null = null;
  #since: number | null = null;
  #receivesSince: number | null = null;
  #wasMissed = false;

  constructor(ctx: Context, via: Via) {
    this.#ctx = ctx;
    this.via = via;
  }

  /** Start of the running listener, in milliseconds since the epoch, at the last check; null for none. */
  get since(): number | null {
    return this.#since;
  }

  /** True if the running listener had received events at the last check. */
  get isReceiving(): boolean {
    return this.#since !== null && this.#receivesSince === this.#since;
  }

  async isOnJournal(): Promise<boolean> {
    if (this.via === 'poll') return false;
    const { stopwatch } = this.#ctx;
    if (this.#checkedAt === null || stopwatch.since(this.#checkedAt) >= CHECK_MS) {
      this.#checkedAt = stopwatch.now();
      this.#since = await this.#ctx.journal.listenedToSince();
      if (!this.isReceiving) this.#receivesSince = await receivingSince(this.#ctx, this.#since);
      if (this.via === 'journal') this.#warn();
    }
    return this.#since !== null || this.via === 'journal';
  }

  #warn(): void {
    const isThere = this.#since !== null;
    if (isThere === !this.#wasMissed) return;
    this.#wasMissed = !isThere;
    this.#ctx.report.warn(
      isThere
        ? 'A webhook listener is running again.'
        : 'The webhook listener has stopped. Until one runs again, the API is checked once a minute.',
    );
  }
}

/** Rejects `--via journal` if no listener is running. @throws Failure `no-listener` */
export async function requireListener(ctx: Context, via: Via): Promise<void> {
  if (via !== 'journal' || (await ctx.journal.isListenedTo())) return;
  throw failure(
    'no-listener',
    `No webhook listener of ${ctx.environment} is running with this journal.`,
    `Start a listener (${commandLine(['listen'], ctx.invocation)}), or wait with --via auto, which polls the API instead.`,
  );
}

/**
 * Returns the coverage of a time range.
 * @param span `since`: null for the start of the first listener; `until`: null for now
 */
export async function coverageFor(
  ctx: Context,
  { since, until }: { since: number | null; until: number | null },
): Promise<Coverage> {
  const now = ctx.calendar.now();
  return coverageOf(await ctx.journal.listListeners(since ?? 0), {
    from: since,
    to: Math.min(until ?? now, now),
    isListenedTo: await ctx.journal.isListenedTo(),
    now,
  });
}

/**
 * Returns the start of a running listener that has received an event since, in milliseconds since the epoch; null for
 * none. A listener without a subscription runs, too, but nothing arrives there.
 */
export async function receivingSince(
  ctx: Pick<Context, 'journal'>,
  listenedToSince: number | null,
): Promise<number | null> {
  if (listenedToSince === null) return null;
  return ((await findLastEventAt(ctx)) ?? 0) >= listenedToSince ? listenedToSince : null;
}

/** Returns the arrival of the last event in the journal, in milliseconds since the epoch; null for none. */
export async function findLastEventAt(ctx: Pick<Context, 'journal'>): Promise<number | null> {
  return (await findLastEvent(ctx))?.receivedAt ?? null;
}

/** Returns the last event in the journal; null for none. */
export async function findLastEvent({ journal }: Pick<Context, 'journal'>): Promise<KeptEvent | null> {
  const [last] = await journal.listEvents({ limit: 1, newestFirst: true });
  return last ?? null;
}

/** Returns the coverage of the whole journal. */
export async function readCovered(ctx: Context): Promise<Covered> {
  const [first] = await ctx.journal.listEvents({ limit: 1 });
  return {
    coverage: await coverageFor(ctx, { since: null, until: null }),
    firstEventAt: first?.receivedAt ?? null,
    lastEventAt: await findLastEventAt(ctx),
    isListenedTo: await ctx.journal.isListenedTo(),
  };
}
