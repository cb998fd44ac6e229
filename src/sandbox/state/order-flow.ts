import { orderEvent } from './event-bodies.ts';
import { dropQueued } from './production-flow.ts';
import { type Card, type CardStatus, insertCard, updateCardStatus } from './tables/cards.ts';
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
import { areRequirementsMet, copyRequirements, putRequirement, type Requirement } from './tables/profiles.ts';
import { drawFourDigits, drawUuid } from './tables/tokens.ts';

type FinalStatus = Extract<OrderStatus, 'PRODUCED' | 'COMPLETED' | 'CANCELLED' | 'RETURNED'>;

/** Creates an order: in PLACED, or in REQUIREMENTS_FULFILLED if all requirements are met. */
export function placeOrder(moment: Moment, draft: Omit<NewOrder, 'at' | 'status'>): Order {
  const { db, at } = moment;
  const order = insertOrder(db, { ...draft, status: 'PLACED', at });
  copyRequirements(db, { profileId: draft.profileId, orderId: order.id });
  if (areRequirementsMet(db, order.id)) return fulfil(moment, order);
  insertEvent(db, { at, body: orderEvent(order, at) });
  return order;
}

/**
 * Sets a requirement of a profile and of its orders in PLACED. Orders whose requirements are all met advance
 * immediately.
 */
export function setRequirement(moment: Moment, profileId: number, requirement: Requirement): void {
  putRequirement(moment.db, 'profile', { id: profileId, ...requirement });
  for (const order of listPlacedOrders(moment.db, profileId)) {
    putRequirement(moment.db, 'order', { id: order.id, ...requirement });
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
    // A physical card is activated by the cardholder.
    status: isPhysical ? 'INACTIVE' : 'ACTIVE',
    lastFourDigits: drawFourDigits(db),
    at,
  });
  updateOrderCard(db, orderId, token);
  moveOrder(moment, { ...order, cardToken: token }, 'CARD_DETAILS_CREATED');
  if (isForKiosk(order)) schedule(db, { kind: 'ready', cardToken: token }, dueAfter(moment, DELAYS.ready));
}

/** Sets the order of a produced card to PRODUCED, unless the order has ended. */
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

/** Sets an order and its card to a final status. */
export function endOrder(moment: Moment, order: Order, status: FinalStatus): void {
  const { db, at } = moment;
  if (order.status === status) return;
  moveOrder(moment, order, status);
  if (order.cardToken === null || status === 'PRODUCED') return;
  if (status === 'COMPLETED') updateCardStatus(db, order.cardToken, { status: 'ACTIVE', at });
  else blockCard(moment, order.cardToken);
}

/** Blocks a card permanently, and drops its queued produce request. */
function blockCard({ db, at }: Moment, cardToken: string): void {
  updateCardStatus(db, cardToken, { status: 'BLOCKED', at });
  writeTrack(db, cardToken, dropQueued(readTrack(db, cardToken)));
}

/**
 * True if a kiosk can produce the card: a physical card with kiosk collection. Virtual cards ignore the delivery
 * option.
 */
export function isForKiosk({ cardType, request }: Order): boolean {
  return cardType === 'PHYSICAL' && request.deliveryOption === 'KIOSK_COLLECTION';
}

function fulfil(moment: Moment, order: Order): Order {
  const dueAt = dueAfter(moment, DELAYS.detailsCreated);
  schedule(moment.db, { kind: 'details-created', orderId: order.id }, dueAt);
  return moveOrder(moment, order, 'REQUIREMENTS_FULFILLED');
}

function moveOrder({ db, at }: Moment, order: Order, status: OrderStatus): Order {
  updateOrderStatus(db, order.id, { status, at });
  const moved = { ...order, status, modifiedAt: at };
  insertEvent(db, { at, body: orderEvent(moved, at) });
  return moved;
}

/** The card statuses that a client may set. */
type SetStatus = Exclude<CardStatus, 'INACTIVE'>;

/**
 * Returns the error that rejects a status change; null if it is allowed. Documented: BLOCKED is final. Assumptions: a
 * card can't be frozen before its activation, nor activated before its collection.
 */
export function refusalOfStatus(
  moment: Moment,
  owned: { card: Card; order: Order },
  status: SetStatus,
): string | null {
  const { card } = owned;
  if (card.status === status || status === 'BLOCKED') return null;
  if (card.status === 'BLOCKED') return 'A blocked card stays blocked';
  if (card.status !== 'INACTIVE') return null;
  if (status === 'FROZEN') return 'The card must be activated first';
  return isCollected(moment, owned) ? null : 'The card must be collected first';
}

/**
 * Sets the status of a card. Activating a collected card completes its order. Call only if `refusalOfStatus` returns
 * null.
 */
export function setCardStatus(moment: Moment, owned: { card: Card; order: Order }, status: SetStatus): void {
  const { card, order } = owned;
  if (status === 'BLOCKED') return blockCard(moment, card.token);
  if (card.status === 'INACTIVE') return activate(moment, order);
  updateCardStatus(moment.db, card.token, { status, at: moment.at });
}

/** Activates a card, and blocks the card that it replaces. */
function activate(moment: Moment, order: Order): void {
  markProduced(moment, order.id);
  endOrder(moment, order, 'COMPLETED');
  const replaced = order.request.replacementDetails?.cardToken.toLowerCase();
  if (replaced !== undefined) blockCard(moment, replaced);
}

/** True if a card was produced. The order changes to PRODUCED shortly after. */
function isCollected({ db }: Moment, { card, order }: { card: Card; order: Order }): boolean {
  return order.status === 'PRODUCED' || readTrack(db, card.token).production?.status === 'PRODUCED';
}
