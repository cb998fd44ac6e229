import type { CardToken } from '../domain/ids.ts';
import { latestEventId, listEventCards } from './tables/events.ts';
import type { Store } from './write-queue.ts';

/** What was read this long ago is new enough, in milliseconds. */
const FRESH_MS = 2;

/** Of so many cards it is remembered which event was their latest. Whoever asks often needs only those of a moment. */
const MOST_REMEMBERED = 1_000;

/** More than this at once is not read: then any card may have news. */
const MOST_READ = 500;

interface Named {
  cardToken: CardToken | null;
  orderId: number | null;
}

/** Follows which cards have news, for all that wait in this process: one statement tells it to all of them. */
export class EventFeed {
  readonly #store: Store;
  readonly #latest = new Map<string, number>();
  /** Up to which event everything was read, and up to which nothing is known any more. */
  #readTo: number | null = null;
  #forgottenTo = 0;
  #readAt = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @param after the card's events are known up to this one */
  newsOf({ cardToken, orderId }: Named, after: number): { upTo: number; isQuiet: boolean } {
    const upTo = this.#read();
    const latest = Math.max(
      this.#latest.get(`card ${cardToken}`) ?? 0,
      this.#latest.get(`order ${orderId}`) ?? 0,
    );
    return { upTo, isQuiet: after >= this.#forgottenTo && after >= latest };
  }

  #read(): number {
    const { db, environment, now } = this.#store;
    const at = now();
    if (this.#readTo !== null && at >= this.#readAt && at - this.#readAt < FRESH_MS) return this.#readTo;
    this.#readAt = at;
    const news =
      this.#readTo === null
        ? null
        : listEventCards(db, environment, { afterId: this.#readTo, limit: MOST_READ });
    if (news === null || news.length === MOST_READ) return this.#startOver();
    for (const { id, cardToken, orderId } of news) {
      if (cardToken !== null) this.#remember(`card ${cardToken}`, id);
      if (orderId !== null) this.#remember(`order ${orderId}`, id);
      this.#readTo = id;
    }
    return this.#readTo ?? 0;
  }

  #startOver(): number {
    const { db, environment } = this.#store;
    this.#latest.clear();
    this.#forgottenTo = latestEventId(db, environment);
    this.#readTo = this.#forgottenTo;
    return this.#readTo;
  }

  #remember(name: string, id: number): void {
    // The latest last, so that the first is the one to forget.
    this.#latest.delete(name);
    this.#latest.set(name, id);
    if (this.#latest.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#latest;
    if (!oldest) return;
    this.#latest.delete(oldest[0]);
    this.#forgottenTo = oldest[1];
  }
}
