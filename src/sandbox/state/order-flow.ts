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

/** How an order came to its end. */
export type FinalStatus = Extract<OrderStatus, 'PRODUCED' | 'COMPLETED' | 'CANCELLED' | 'RETURNED'>;

/** Places an order: it starts in PLACED, or further where nothing is left to wait for. */
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
 * Sets a requirement of a profile and of its orders that still wait; those that have nothing left to wait for go on
 * at once.
 */
export function setRequirement(moment: Moment, profileId: number, requirement: Requirement): void {
  setProfileRequirement(moment.db, profileId, requirement);
  for (const order of listPlacedOrders(moment.db, profileId)) {
    setOrderRequirement(moment.db, order.id, requirement);
    if (areRequirementsMet(moment.db, order.id)) fulfil(moment, order);
  }
}

/** The vendor creates the card of an order, unless the order has ended meanwhile. */
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
    // A physical card is activated by its holder.
    status: isPhysical ? 'INACTIVE' : 'ACTIVE',
    lastFourDigits: drawFourDigits(db),
    at,
  });
  updateOrderCard(db, orderId, token);
  moveOrder(moment, { ...order, cardToken: token }, 'CARD_DETAILS_CREATED');
  if (isForKiosk(order)) schedule(db, { kind: 'ready', cardToken: token }, dueAfter(moment, DELAYS.ready));
}

/** PRODUCED of the card moves its order, unless that has ended meanwhile. */
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

/** Moves an order to one of its last statuses, with what that does to its card. */
export function endOrder(moment: Moment, order: Order, status: FinalStatus): void {
  const { db, at } = moment;
  if (order.status === status) return;
  moveOrder(moment, order, status);
  if (order.cardToken === null || status === 'PRODUCED') return;
  const cardStatus = status === 'COMPLETED' ? 'ACTIVE' : 'BLOCKED';
  updateCardStatus(db, order.cardToken, { status: cardStatus, at });
  // A request that waits for its printer is not started for a blocked card.
  if (cardStatus === 'BLOCKED') writeTrack(db, order.cardToken, dropQueued(readTrack(db, order.cardToken)));
}

/** Only physical cards are collected: a virtual card's delivery option means nothing. */
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
