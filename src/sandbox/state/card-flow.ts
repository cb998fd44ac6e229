import { blockCard, endOrder, markProduced } from './order-flow.ts';
import { type Card, type CardStatus, updateCardStatus } from './tables/cards.ts';
import type { Moment } from './tables/clock.ts';
import type { Order } from './tables/orders.ts';
import { readTrack } from './tables/productions.ts';

/** The statuses that a client may set. */
export type SetStatus = Exclude<CardStatus, 'INACTIVE'>;

/**
 * Returns why the status of a card can't be set; null if it can. Documented: a card that is BLOCKED stays so. The other
 * reasons are assumptions: a card is not frozen before its activation, and not activated before it was collected.
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

/** Sets the status of a card; the activation of a collected card completes its order. Only if nothing refuses it. */
export function setCardStatus(moment: Moment, owned: { card: Card; order: Order }, status: SetStatus): void {
  const { card, order } = owned;
  if (status === 'BLOCKED') return blockCard(moment, card.token);
  if (card.status === 'INACTIVE') return activate(moment, order);
  updateCardStatus(moment.db, card.token, { status, at: moment.at });
}

/** A card that is replaced lives until the new one is activated. */
function activate(moment: Moment, order: Order): void {
  markProduced(moment, order.id);
  endOrder(moment, order, 'COMPLETED');
  const replaced = order.request.replacementDetails?.cardToken.toLowerCase();
  if (replaced !== undefined) blockCard(moment, replaced);
}

/** The order of a produced card reads PRODUCED only a moment later. */
function isCollected({ db }: Moment, { card, order }: { card: Card; order: Order }): boolean {
  return order.status === 'PRODUCED' || readTrack(db, card.token).production?.status === 'PRODUCED';
}
