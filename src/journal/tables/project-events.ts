import { type KeptEvent, ORDER_EVENT, productionOf } from '../../domain/event.ts';
import { laterOrderStatus, projectEvents } from '../../domain/event-order.ts';
import type { CardToken } from '../../domain/ids.ts';
import { isSameProduction, latestOf, type Production } from '../../domain/production.ts';
import type { Scope, Store } from '../store/store.ts';
import { type CardKey, findProduction, findRow, rememberCard, setProduction } from './cards.ts';
import { listEvents } from './event-rows.ts';
import { findEnvironment, updateEnvironment } from './state.ts';

/** Number of events per transaction. It takes about 10 ms, for which arriving webhooks wait. */
const PROJECTED_TOGETHER = 200;

/**
 * Projects all new verified events onto the cards table, including cards of other systems. Each affected card is
 * computed from all of its events, so neither the sequence nor repetitions matter.
 */
export async function projectAll(store: Store): Promise<void> {
  while (!(await projectSome(store))) await nextTurn();
}

/** Projects one batch of events, in one transaction. @returns true if no event is left */
export async function projectSome(store: Store): Promise<boolean> {
  const { foldedEventId: afterId } = await findEnvironment(store);
  const events = await listEvents(store, { afterId, limit: PROJECTED_TOGETHER });
  const last = events.at(-1);
  if (!last) return true;
  await store.transaction(async (scope) => {
    // Another process may have projected this batch meanwhile.
    if ((await findEnvironment(scope)).foldedEventId >= last.id) return;
    for (const card of cardsOf(events)) await projectCard(scope, card);
    await updateEnvironment(scope, { foldedEventId: last.id });
  });
  return events.length < PROJECTED_TOGETHER;
}

/** Returns the cards that verified events concern. */
function cardsOf(events: readonly KeptEvent[]): Iterable<CardKey> {
  const cards = new Map<string, CardKey>();
  for (const { cardToken, orderId, isVerified, isTest } of events) {
    if (!isVerified || isTest) continue;
    const key = cardToken ?? `order ${orderId}`;
    // Production events contain no order id.
    cards.set(key, { cardToken, orderId: orderId ?? cards.get(key)?.orderId ?? null });
  }
  return cards.values();
}

async function projectCard(scope: Scope, named: CardKey): Promise<void> {
  const known = await findRow(scope, named);
  const cardToken = named.cardToken ?? known?.cardToken ?? null;
  const orderId = named.orderId ?? known?.orderId ?? null;
  const all = await listEvents(scope, { card: { cardToken, orderId } });
  const events = all.filter(({ isVerified, isTest }) => isVerified && !isTest);
  const [first] = events;
  const profileId = known?.profileId ?? events.find((event) => (event.profileId ?? 0) > 0)?.profileId;
  if (!first || !profileId) return;
  const { order, production } = projectEvents(events);
  const orderStatus = laterOrderStatus(known?.orderStatus ?? null, order.latest?.status ?? null);
  await rememberCard(scope, {
    card: { cardToken, orderId, profileId, cardCreatedAt: null, deliveryOption: null, orderStatus },
    at: first.receivedAt,
    orderSeenAt: events.findLast(({ eventType }) => eventType === ORDER_EVENT)?.receivedAt ?? null,
  });
  const reported = production.latest && productionOf(production.latest);
  if (reported && cardToken !== null) await projectProduction(scope, cardToken, { reported, events });
}

async function projectProduction(
  scope: Scope,
  cardToken: CardToken,
  { reported, events }: { reported: Production; events: readonly KeptEvent[] },
): Promise<void> {
  const before = await findProduction(scope, cardToken);
  // A production without an event was read from the API. It remains, unless an event reports a later one.
  const isOfApi = before !== null && !events.some((event) => isSameProduction(productionOf(event), before));
  const production = isOfApi ? latestOf(reported, before) : reported;
  if (isSameProduction(production, before)) return;
  await setProduction(scope, { cardToken, production, at: events.at(-1)?.receivedAt ?? 0 });
}

/** Waits for the next turn of the event loop. Unlike `timers/promises`, it loads no module of Node. */
export async function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
