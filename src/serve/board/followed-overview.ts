import type { Reading } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import type { KioskId } from '../../domain/ids.ts';
import { type JournalCard, kioskOf } from '../../domain/selection.ts';
import { readCardsOfEvents, selectFromJournal } from '../../kiosks/kiosk-cards.ts';
import { type Overview, summarize } from '../../kiosks/overview.ts';

/** Everything that was read from the journal. */
interface Known {
  /** The unfinished cards, by token, or by order without one. */
  cards: Map<string, JournalCard>;
  /** The kiosks, with the time of their last production. It never goes back before all cards are read again. */
  producedAt: Map<KioskId, number | null>;
  /** Id of the last event that is certainly included. */
  eventId: number;
  /** Time at which all cards were read. */
  readAt: Reading;
}

/** Number of new events above which all cards are read again. */
const MOST_NEWS = 500;

/** Pause between two reads of all cards: a multiple of the time that the last one took, within limits in milliseconds. */
const PAUSE = { times: 25, least: 1_000, most: 8_000 };

/** Milliseconds after which the next read waits until all cards are read again, for example if nobody read meanwhile. */
const OUTDATED_MS = 30_000;

/**
 * The overview of all kiosks for a server that reads it repeatedly. A read applies new events, so it takes milliseconds
 * even with thousands of unfinished cards. Changes without an event, like a request that a command has just sent, are
 * included when all cards are read again, in the background.
 */
export class FollowedOverview {
  readonly #ctx: Context;
  /** null before the first read. */
  #known: Known | null = null;
  /** The result of the last read of all cards, until the next read applies it. */
  #fresh: Known | null = null;
  #isReadingAll = false;
  #nextAt: Reading | null = null;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  async read(): Promise<Overview> {
    const latest = await this.#ctx.journal.latestEventId();
    const known = await this.#current(latest);
    this.#known = known;
    for (const { one, isUnfinished } of await readCardsOfEvents(this.#ctx, known.eventId))
      apply(known, one, { isUnfinished });
    known.eventId = latest;
    this.#readAllIfDue();
    const kiosks = [...known.producedAt].map(([kioskId, lastProducedAt]) => ({ kioskId, lastProducedAt }));
    return summarize(this.#ctx, { cards: [...known.cards.values()], kiosks }, []);
  }

  /** Returns what is known up to a recent event. */
  async #current(latest: number): Promise<Known> {
    const known = this.#fresh ?? this.#known;
    this.#fresh = null;
    // After a restore, the ids of events are lower.
    const isClose = known && known.eventId <= latest && latest - known.eventId <= MOST_NEWS;
    const isRecent = known && this.#ctx.stopwatch.since(known.readAt) < OUTDATED_MS;
    return isClose && isRecent ? known : this.#readAll();
  }

  #readAllIfDue(): void {
    const { stopwatch } = this.#ctx;
    if (this.#isReadingAll || (this.#nextAt && stopwatch.until(this.#nextAt) > 0)) return;
    this.#isReadingAll = true;
    // The next read of the news reports the error of an unreadable journal.
    void this.#readAll()
      .then((known) => (this.#fresh = known))
      .catch(() => null)
      .finally(() => (this.#isReadingAll = false));
  }

  async #readAll(): Promise<Known> {
    const { journal, stopwatch } = this.#ctx;
    const began = stopwatch.now();
    const eventId = await journal.latestEventId();
    const known: Known = { cards: new Map(), producedAt: new Map(), eventId, readAt: began };
    for (const one of await selectFromJournal(this.#ctx, {}, { isUnfinished: true }))
      apply(known, one, { isUnfinished: true });
    for (const { kioskId, lastProducedAt } of await journal.listKiosks())
      known.producedAt.set(kioskId, lastProducedAt);
    const pause = Math.max(PAUSE.least, stopwatch.since(began) * PAUSE.times);
    this.#nextAt = stopwatch.after(Math.min(PAUSE.most, pause));
    return known;
  }
}

/** Adds a card, replaces its earlier state, or removes it if it is finished. */
function apply(
  { cards, producedAt }: Known,
  one: JournalCard,
  { isUnfinished }: { isUnfinished: boolean },
): void {
  const { cardToken, orderId, production } = one.card;
  // A card may have been known by its order only.
  cards.delete(`order ${orderId}`);
  const key = cardToken ?? `order ${orderId}`;
  if (isUnfinished) cards.set(key, one);
  else cards.delete(key);
  const kioskId = kioskOf(one);
  if (kioskId === null) return;
  const before = producedAt.get(kioskId) ?? null;
  const isLater = production?.status === 'PRODUCED' && (one.changedAt ?? 0) > (before ?? 0);
  producedAt.set(kioskId, isLater ? one.changedAt : before);
}
