import { setImmediate as turn } from 'node:timers/promises';
import { type KeptEvent, ORDER_EVENT, productionOf } from '../domain/event.ts';
import { laterOrderStatus, projectEvents } from '../domain/event-order.ts';
import { type CardToken } from '../domain/ids.ts';
import { latestOf, type Production } from '../domain/production.ts';
import * as states from './tables/card-states.ts';
import * as cards from './tables/cards.ts';
import { findEnvironment, putEnvironment } from './tables/cards.ts';
import * as events from './tables/events.ts';
import type { Store } from './write-queue.ts';

/** Events that one transaction takes in, in some 10 ms; a webhook that arrives meanwhile waits for it. */
const FOLDED_AT_ONCE = 200;

type Heard = Pick<Store, 'db' | 'environment'>;

/**
 * Tells the cards what verified events said of them since the last time, cards of other systems included. Each card that
 * they name is told anew from all of its events, so that neither their order nor their repetition matters.
 */
export async function foldCards(heard: Heard): Promise<void> {
  while (!foldSome(heard)) await turn();
}

/** Takes in as many events as one transaction may. @returns whether those were the last */
export function foldSome({ db, environment }: Heard): boolean {
  const folded = findEnvironment(db, environment).folded_event_id;
  const news = events.listEvents(db, environment, { afterId: folded, limit: FOLDED_AT_ONCE });
  const last = news.at(-1);
  if (!last) return true;
  db.transaction(() => {
    // Another process may have taken them in meanwhile.
    const row = findEnvironment(db, environment);
    if (row.folded_event_id >= last.id) return;
    foldWindow({ db, environment }, news);
    putEnvironment(db, environment, { ...row, folded_event_id: last.id });
  });
  return news.length < FOLDED_AT_ONCE;
}

function foldWindow(heard: Heard, news: readonly KeptEvent[]): void {
  const named = new Map<string, { cardToken: CardToken | null; orderId: number | null }>();
  for (const { cardToken, orderId, isVerified, isTest } of news) {
    if (!isVerified || isTest) continue;
    const key = cardToken ?? `order ${orderId}`;
    // The events of a production don't name the order.
    named.set(key, { cardToken, orderId: orderId ?? named.get(key)?.orderId ?? null });
  }
  for (const card of named.values()) foldCard(heard, card);
}

function foldCard(
  { db, environment }: Heard,
  { cardToken, orderId }: { cardToken: CardToken | null; orderId: number | null },
): void {
  const known = cardToken
    ? cards.findByToken(db, environment, cardToken)
    : cards.findByOrder(db, environment, orderId ?? 0);
  const card = {
    cardToken: cardToken ?? known?.card_token ?? null,
    orderId: orderId ?? known?.order_id ?? null,
  };
  const all = events
    .listEvents(db, environment, { card })
    .filter(({ isVerified, isTest }) => isVerified && !isTest);
  const profileId = known?.profile_id ?? all.find((event) => (event.profileId ?? 0) > 0)?.profileId;
  const [first] = all;
  if (!first || !profileId) return;
  const { production, order } = projectEvents(all);
  const orderStatus = laterOrderStatus(known?.order_status ?? null, order.latest?.status ?? null);
  const more = { cardCreatedAt: null, deliveryOption: null, orderStatus };
  const orderSeenAt = all.findLast(({ eventType }) => eventType === ORDER_EVENT)?.receivedAt ?? null;
  const at = first.receivedAt;
  cards.rememberCard(db, environment, { card: { ...card, profileId, ...more }, at, orderSeenAt });
  const told = production.latest && productionOf(production.latest);
  if (!told || card.cardToken === null) return;
  const before = states.findProduction(db, environment, card.cardToken);
  // What the API said counts, unless an event tells something later. What an event said is among them already.
  const isOfApi = before !== null && !all.some((event) => isSame(productionOf(event), before));
  const now = isOfApi ? latestOf(told, before) : told;
  const heardAt = all.at(-1)?.receivedAt ?? at;
  if (!isSame(now, before))
    states.setProduction(db, environment, { cardToken: card.cardToken, production: now, at: heardAt });
}

function isSame(left: Production | null, right: Production | null): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
