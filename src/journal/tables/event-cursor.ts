import type { Store } from '../store/store.ts';
import type { CardKey } from './cards.ts';
import { latestEventId, listEventCards } from './event-rows.ts';

declare const cursor: unique symbol;

/** Opaque cursor: a position in the events of an open journal. Valid only for the journal that returned it. */
export type EventCursor = number & { readonly [cursor]: true };

/** Maximum number of cards and orders in the cache. Waits only need recent ones. */
const MOST_REMEMBERED = 1_000;

/** Maximum number of new events to read. If there are more, every card counts as changed. */
const MOST_READ = 500;

/** Caches the latest event of each card, so that all waits of this process share one query. */
export class EventFeed {
  readonly #store: Store;
  readonly #latest = new Map<string, number>();
  /** Id of the last event that was read; null before the first read. */
  #readTo: number | null = null;
  /** Id of the last event that was evicted from the cache. */
  #forgottenTo = 0;
  /** Version of the journal when `#readTo` was read. */
  #version = '';

  constructor(store: Store) {
    this.#store = store;
  }

  async newsOf(
    { cardToken, orderId }: CardKey,
    after: EventCursor | null,
  ): Promise<{ upTo: EventCursor; isQuiet: boolean }> {
    const known = after ?? 0;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made here
    const upTo = (await this.#read()) as EventCursor;
    const latest = Math.max(
      this.#latest.get(`card ${cardToken}`) ?? 0,
      this.#latest.get(`order ${orderId}`) ?? 0,
    );
    return { upTo, isQuiet: known >= this.#forgottenTo && known >= latest };
  }

  async #read(): Promise<number> {
    const version = this.#store.db.version();
    if (this.#readTo === null || version !== this.#version) {
      this.#version = version;
      await (this.#readTo === null ? this.#startOver() : this.#readAfter(this.#readTo));
    }
    return this.#readTo ?? 0;
  }

  async #readAfter(afterId: number): Promise<void> {
    const news = await listEventCards(this.#store, { afterId, limit: MOST_READ });
    if (news.length === MOST_READ) return this.#startOver();
    for (const { id, cardToken, orderId } of news) {
      if (cardToken !== null) this.#remember(`card ${cardToken}`, id);
      if (orderId !== null) this.#remember(`order ${orderId}`, id);
      this.#readTo = Math.max(this.#readTo ?? 0, id);
    }
  }

  async #startOver(): Promise<void> {
    const latest = await latestEventId(this.#store);
    this.#latest.clear();
    this.#forgottenTo = latest;
    this.#readTo = latest;
  }

  #remember(name: string, id: number): void {
    // Moves the entry to the end, so that the first entry is the oldest.
    this.#latest.delete(name);
    this.#latest.set(name, id);
    if (this.#latest.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#latest;
    if (!oldest) return;
    this.#latest.delete(oldest[0]);
    this.#forgottenTo = oldest[1];
  }
}
