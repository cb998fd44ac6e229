import { cardStatusRequest } from '../../wire/cards.ts';
import { refusalOfStatus, setCardStatus } from '../state/order-flow.ts';
import { type Card, countCards, findCard, listCards as readCards } from '../state/tables/cards.ts';
import { findOrder, type Order } from '../state/tables/orders.ts';
import { type Answer, invalidField, notFound } from './answers.ts';
import { type Call, fieldsOf, pageOf, profileOf, uuidParameter } from './input.ts';
import { toCard } from './order-bodies.ts';

/** `GET …/cards`. Newest first (assumption). */
export function listCards(call: Call): Answer {
  const profile = profileOf(call);
  const cards = readCards(call.db, profile.id, pageOf(call));
  return {
    status: 200,
    body: {
      totalCount: countCards(call.db, profile.id),
      cards: cards.map((card) => toCard(card, orderOfCard(call, card))),
    },
  };
}

/** `GET …/cards/{cardToken}` */
export function getCard(call: Call): Answer {
  uuidParameter(call, 'cardToken');
  const { card, order } = cardOf(call);
  return { status: 200, body: toCard(card, order) };
}

/** `PUT …/cards/{cardToken}/status`: 200 with the card. */
export function updateCard(call: Call): Answer {
  uuidParameter(call, 'cardToken');
  const owned = cardOf(call);
  const { status } = fieldsOf(cardStatusRequest, call.body);
  const refusal = refusalOfStatus(call, owned, status);
  if (refusal !== null) throw invalidField('status', refusal, 'STATUS_NOT_ALLOWED');
  const isChanged = owned.card.status !== status;
  if (isChanged) setCardStatus(call, owned, status);
  const { card, order } = cardOf(call);
  return { status: 200, body: toCard(card, order), effect: isChanged };
}

/** Returns the card in the request path and its order. @throws Refusal 404 */
export function cardOf(call: Call): { card: Card; order: Order } {
  const card = cardAlone(call);
  return { card, order: orderOfCard(call, card) };
}

/** Returns the card in the request path. @throws Refusal 404, also if the card belongs to another profile */
export function cardAlone(call: Call): Card {
  const profile = profileOf(call);
  const card = findCard(call.db, (call.parameters.cardToken ?? '').toLowerCase());
  if (card?.profileId !== profile.id) throw notFound('Card');
  return card;
}

function orderOfCard({ db }: Call, card: Card): Order {
  const order = findOrder(db, card.orderId);
  if (!order) throw new TypeError('a card without its order');
  return order;
}
