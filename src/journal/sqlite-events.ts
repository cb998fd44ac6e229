import { setTimeout as pause } from 'node:timers/promises';
import type { KeptEvent } from '../domain/event.ts';
import { EventFeed } from './event-cursor.ts';
import type { Delivery, Journal } from './journal.ts';
import * as cards from './tables/cards.ts';
import * as events from './tables/events.ts';
import { mayBeAlive } from './tables/leases.ts';
import * as listenings from './tables/listeners.ts';
import type { Store } from './write-queue.ts';

/** Events that one transaction forgets; 20 ms later comes the next. */
const PRUNED_AT_ONCE = 2_000;

/** A listener that gave no sign of life for this long is gone. */
const SILENCE_MS = 10_000;

type EventsPart = Pick<
  Journal,
  'keepEvent' | 'listEvents' | 'newsOf' | 'findDelivery' | 'findCardToken' | 'latestEventId' | 'pruneEvents'
>;

/** The events of webhooks. */
export function sqliteEvents(store: Store): EventsPart {
  const { db, commit, environment } = store;
  const feed = new EventFeed(store);
  return {
    keepEvent: async (delivery) => commit.write(() => insert({ db, environment }, delivery)),
    listEvents: async (filter) => events.listEvents(db, environment, filter),
    newsOf: async (card, after) => feed.newsOf(card, after),
    findDelivery: async (id) => events.findDelivery(db, environment, id),
    findCardToken: async (orderId) =>
      cards.findByOrder(db, environment, orderId)?.card_token ??
      events.findCardToken(db, environment, orderId),
    latestEventId: async () => events.latestEventId(db, environment),
    pruneEvents: async (before) => {
      let pruned = 0;
      for (;;) {
        const changes = events.pruneEvents(db, environment, { before, limit: PRUNED_AT_ONCE });
        pruned += changes;
        if (changes < PRUNED_AT_ONCE) return pruned;
        // A listener has its turn in between: it answers its senders within seconds.
        await pause(20);
      }
    },
  };
}

function insert(
  { db, environment }: Pick<Store, 'db' | 'environment'>,
  delivery: Delivery,
): KeptEvent | null {
  const id = events.insertEvent(db, environment, delivery);
  if (id === null) return null;
  const { event, deliveryId, receivedAt, isTest, isVerified } = delivery;
  return { ...event, id, deliveryId, receivedAt, isTest, isVerified };
}

type ListeningsPart = Pick<
  Journal,
  'startListener' | 'heartbeat' | 'endListener' | 'listListeners' | 'isListenedTo' | 'listenedToSince'
>;

/** The times in which somebody listened. */
export function sqliteListenings({ db, environment, now, holder }: Store): ListeningsPart {
  const since = (): number | null => {
    const recent = listenings.listListeners(db, environment, now() - SILENCE_MS);
    // They are listed by their start.
    const live = recent.find((one) => one.endedAt === null && mayBeAlive(one.owner));
    return live?.startedAt ?? null;
  };
  return {
    startListener: async (url, at) => listenings.insertListening(db, environment, { url, holder, at }),
    heartbeat: async (listening, at) => listenings.beat(db, listening, at),
    endListener: async (listening, at) => listenings.endListener(db, listening, at),
    listListeners: async (since) => listenings.listListeners(db, environment, since),
    isListenedTo: async () => since() !== null,
    listenedToSince: async () => since(),
  };
}
