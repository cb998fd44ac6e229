import { setTimeout as pause } from 'node:timers/promises';
import type { KeptEvent } from '../../domain/event.ts';
import type { CardToken } from '../../domain/ids.ts';
import type { Store } from '../store/store.ts';
import { type CardKey, findByOrder } from './cards.ts';
import { type EventCursor, EventFeed } from './event-cursor.ts';
import {
  countEvents,
  type Delivery,
  type EventFilter,
  findCardToken,
  findDelivery,
  insertEvent,
  type KeptDelivery,
  latestEventId,
  listEvents,
  pruneEvents,
} from './event-rows.ts';
import { projectSome } from './project-events.ts';

/** The events of webhooks. */
export interface EventsJournal {
  /**
   * Stores an event, in one transaction with others of the same iteration of the event loop.
   * @returns null for one that is stored already: the same delivery, or the same content
   */
  keepEvent(delivery: Delivery): Promise<KeptEvent | null>;
  listEvents(filter: EventFilter): Promise<KeptEvent[]>;
  /** Counts the events that match, regardless of the limit. */
  countEvents(filter: EventFilter): Promise<number>;
  /**
   * Tells cheaply that a card has no new events. All cards share one statement for each change of the journal.
   * @param after the place up to which the card's events are known; null: none are
   * @returns `isQuiet` when there are none up to `upTo`; else `listEvents` has them
   */
  newsOf(card: CardKey, after: EventCursor | null): Promise<{ upTo: EventCursor; isQuiet: boolean }>;
  /** Yields immediately, and then whenever the journal may have changed; ends with the signal. */
  watch(signal: AbortSignal): AsyncIterable<void>;
  findDelivery(id: number): Promise<KeptDelivery | null>;
  /** Finds the card of an order, in cards and signed events. */
  findCardToken(orderId: number): Promise<CardToken | null>;
  /** Returns the number of the latest event; 0 if there is none. */
  latestEventId(): Promise<number>;
  /** Deletes events that arrived before a time. @returns their number */
  pruneEvents(before: number): Promise<number>;
  /**
   * Projects some of the new events onto the cards, so that the next list has less to do.
   * @returns true if none are left
   */
  projectEvents(): Promise<boolean>;
}

/** The number of events that one transaction deletes. The next one follows 20 ms later, so that a listener can write. */
const PRUNED_TOGETHER = 2_000;
const PRUNING_PAUSE_MS = 20;

export function eventsTable(store: Store): EventsJournal {
  const feed = new EventFeed(store);
  return {
    keepEvent: async (delivery) => store.write(async (scope) => insertEvent(scope, delivery)),
    listEvents: async (filter) => listEvents(store, filter),
    countEvents: async (filter) => countEvents(store, filter),
    newsOf: async (card, after) => feed.newsOf(card, after),
    watch: (signal) => store.db.watch(signal),
    findDelivery: async (id) => findDelivery(store, id),
    findCardToken: async (orderId) =>
      (await findByOrder(store, orderId))?.cardToken ?? findCardToken(store, orderId),
    latestEventId: async () => latestEventId(store),
    pruneEvents: async (before) => {
      for (let pruned = 0; ; await pause(PRUNING_PAUSE_MS)) {
        const changes = await pruneEvents(store, { before, limit: PRUNED_TOGETHER });
        pruned += changes;
        if (changes < PRUNED_TOGETHER) return pruned;
      }
    },
    projectEvents: async () => projectSome(store),
  };
}
