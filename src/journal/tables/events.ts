import { setTimeout as pause } from 'node:timers/promises';
import type { KeptEvent } from '../../domain/event.ts';
import type { CardToken } from '../../domain/ids.ts';
import { withoutForwarding } from '../servers/outbox.ts';
import type { Scope, Store } from '../store/store.ts';
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

/** Methods for webhook events. */
export interface EventsJournal {
  /**
   * Stores an event that Wise sent, and queues it for the targets of the outbox, in one transaction with others of the same iteration of the event loop.
   * @returns null for a duplicate: same delivery, or same content
   */
  keepEvent(delivery: Delivery): Promise<KeptEvent | null>;
  /** Stores an event like `keepEvent`, without forwarding it. */
  importEvent(delivery: Delivery): Promise<KeptEvent | null>;
  listEvents(filter: EventFilter): Promise<KeptEvent[]>;
  /** Counts matching events, ignoring the limit. */
  countEvents(filter: EventFilter): Promise<number>;
  /**
   * Checks cheaply if a card has new events. All cards share one query per change of the journal.
   * @param after cursor up to which the card's events are known; null if none are known
   * @returns `isQuiet`: true if the card has no events between `after` and the cursor `upTo`; otherwise use
   * `listEvents`
   */
  newsOf(card: CardKey, after: EventCursor | null): Promise<{ upTo: EventCursor; isQuiet: boolean }>;
  /** Yields immediately, then whenever the journal may have changed. Ends with the signal. */
  watch(signal: AbortSignal): AsyncIterable<void>;
  findDelivery(id: number): Promise<KeptDelivery | null>;
  /** Returns the card token of an order, from cards or verified events. */
  findCardToken(orderId: number): Promise<CardToken | null>;
  /** Returns the id of the latest event; 0 for none. */
  latestEventId(): Promise<number>;
  /** Deletes events that arrived before a time. @returns the number of deleted events */
  pruneEvents(before: number): Promise<number>;
  /**
   * Projects a batch of new events onto the cards, so that the next list is faster.
   * @returns true if no event is left
   */
  projectEvents(): Promise<boolean>;
}

/** Number of events that one transaction deletes. */
const PRUNED_TOGETHER = 2_000;
/** Milliseconds between two of these transactions, in which a listener can write. */
const PRUNING_PAUSE_MS = 20;

export function eventsTable(store: Store): EventsJournal {
  const feed = new EventFeed(store);
  const writer = new EventWriter(store);
  const importer = new EventWriter(store, withoutForwarding);
  return {
    keepEvent: async (delivery) => writer.write(delivery),
    importEvent: async (delivery) => importer.write(delivery),
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

interface Batch {
  deliveries: Delivery[];
  written: Promise<(KeptEvent | null)[]>;
  /** True if one of the events can't be stored. */
  hasBadEvent: boolean;
}

/** Runs the insertion of events in an open transaction. */
type Around = <Result>(scope: Scope, insert: () => Promise<Result>) => Promise<Result>;

/**
 * Stores the events of an iteration of the event loop as one write, because a savepoint for each event would double the
 * time. If an event can't be stored, each event is written again separately, so that only that one fails.
 */
class EventWriter {
  readonly #store: Store;
  readonly #around: Around;
  /** The batch that new events join, until its transaction is open. */
  #open: Batch | null = null;

  constructor(store: Store, around: Around = async (_, insert) => insert()) {
    this.#store = store;
    this.#around = around;
  }

  async write(delivery: Delivery): Promise<KeptEvent | null> {
    const batch = (this.#open ??= this.#begin());
    const place = batch.deliveries.push(delivery) - 1;
    try {
      return (await batch.written)[place] ?? null;
    } catch (error) {
      if (!batch.hasBadEvent || batch.deliveries.length === 1) throw error;
      return this.#store.write(async (scope) =>
        this.#around(scope, async () => insertEvent(scope, delivery)),
      );
    }
  }

  #begin(): Batch {
    const close = () => {
      if (this.#open === batch) this.#open = null;
    };
    const insert = async (scope: Scope) => {
      close();
      try {
        // All inserts start before the first has ended, so that a server receives them together.
        return await this.#around(scope, async () =>
          Promise.all(batch.deliveries.map(async (one) => insertEvent(scope, one))),
        );
      } catch (error) {
        batch.hasBadEvent = true;
        throw error;
      }
    };
    const written = this.#store.write(insert).finally(close);
    const batch: Batch = { deliveries: [], written, hasBadEvent: false };
    return batch;
  }
}
