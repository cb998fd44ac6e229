import { orderEvent } from './event-bodies.ts';
import { dropQueued } from './production-flow.ts';
import { insertCard, updateCardStatus } from './tables/cards.ts';
import { DELAYS, dueAfter, type Moment } from './tables/clock.ts';
import { insertEvent } from './tables/deliveries.ts';
import {
  findOrder,
  insertOrder,
  listPlacedOrders,
  type NewOrder,
  type Order,
  type OrderStatus,
  updateOrderCard,
  updateOrderStatus,
} from './tables/orders.ts';
import { readTrack, schedule, writeTrack } from './tables/productions.ts';
import {
  areRequirementsMet,
  copyRequirements,
  type Requirement,
  setOrderRequirement,
  setProfileRequirement,
} from './tables/profiles.ts';
import { drawFourDigits, drawUuid } from './tables/tokens.ts';

export type FinalStatus = Extract<OrderStatus, 'PRODUCED' | 'COMPLETED' | 'CANCELLED' | 'RETURNED'>;

/** Places an order. It starts in PLACED, or in REQUIREMENTS_FULFILLED if no requirement is open. */
export function placeOrder(moment: Moment, draft: Omit<NewOrder, 'at' | 'status'>): Order {
  const { db, at } = moment;
  const id = insertOrder(db, { ...draft, status: 'PLACED', at });
  copyRequirements(db, { profileId: draft.profileId, orderId: id });
  const order = present(findOrder(db, id));
  if (areRequirementsMet(db, id)) return fulfil(moment, order);
  insertEvent(db, { at, body: orderEvent(order, at) });
  return order;
}

/**
 * Sets a requirement of a profile and of its placed orders. Those without an open requirement continue immediately.
 */
export function setRequirement(moment: Moment, profileId: number, requirement: Requirement): void {
  setProfileRequirement(moment.db, profileId, requirement);
  for (const order of listPlacedOrders(moment.db, profileId)) {
    setOrderRequirement(moment.db, order.id, requirement);
    if (areRequirementsMet(moment.db, order.id)) fulfil(moment, order);
  }
}

/** Creates the card of an order, unless the order has ended. */
export function createDetails(moment: Moment, orderId: number): void {
  const { db, at } = moment;
  const order = findOrder(db, orderId);
  if (order?.status !== 'REQUIREMENTS_FULFILLED') return;
  const isPhysical = order.cardType === 'PHYSICAL';
  const token = drawUuid(db);
  insertCard(db, {
    token,
    orderId,
    profileId: order.profileId,
    // The cardholder activates a physical card.
    status: isPhysical ? 'INACTIVE' : 'ACTIVE',
    lastFourDigits: drawFourDigits(db),
    at,
  });
  updateOrderCard(db, orderId, token);
  moveOrder(moment, { ...order, cardToken: token }, 'CARD_DETAILS_CREATED');
  if (isForKiosk(order)) schedule(db, { kind: 'ready', cardToken: token }, dueAfter(moment, DELAYS.ready));
}

/** Moves the order of a produced card, unless the order has ended. */
export function markProduced(moment: Moment, orderId: number): void {
  const order = findOrder(moment.db, orderId);
  if (order?.status === 'CARD_DETAILS_CREATED') moveOrder(moment, order, 'PRODUCED');
}

export function cancelOrder(moment: Moment, orderId: number): void {
  const order = findOrder(moment.db, orderId);
  if (order && isCancellable(order)) endOrder(moment, order, 'CANCELLED');
}

export function isCancellable({ status }: Order): boolean {
  return status !== 'CANCELLED' && status !== 'COMPLETED' && status !== 'RETURNED';
}

/** Moves an order and its card to a final status. */
export function endOrder(moment: Moment, order: Order, status: FinalStatus): void {
  const { db, at } = moment;
  if (order.status === status) return;
  moveOrder(moment, order, status);
  if (order.cardToken === null || status === 'PRODUCED') return;
  if (status === 'COMPLETED') updateCardStatus(db, order.cardToken, { status: 'ACTIVE', at });
  else blockCard(moment, order.cardToken);
}

/** Blocks a card permanently. A request that is queued for it is not started. */
export function blockCard({ db, at }: Moment, cardToken: string): void {
  updateCardStatus(db, cardToken, { status: 'BLOCKED', at });
  writeTrack(db, cardToken, dropQueued(readTrack(db, cardToken)));
}

/** True for physical cards only: the delivery option of a virtual card has no meaning. */
export function isForKiosk({ cardType, request }: Order): boolean {
  return cardType === 'PHYSICAL' && request.deliveryOption === 'KIOSK_COLLECTION';
}

function fulfil(moment: Moment, order: Order): Order {
  schedule(
    moment.db,
    { kind: 'details-created', orderId: order.id },
    dueAfter(moment, DELAYS.detailsCreated),
  );
  return moveOrder(moment, order, 'REQUIREMENTS_FULFILLED');
}

function moveOrder({ db, at }: Moment, order: Order, status: OrderStatus): Order {
  updateOrderStatus(db, order.id, { status, at });
  const moved = { ...order, status, modifiedAt: at };
  insertEvent(db, { at, body: orderEvent(moved, at) });
  return moved;
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('a row that was just written is not there');
  return value;
}
