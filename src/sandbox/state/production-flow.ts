import { productionEvent } from './event-bodies.ts';
import { accept, becomeReady, finish, start } from './machine.ts';
import { type Card, findCard } from './tables/cards.ts';
import { DELAYS, dueAfter, type Moment } from './tables/clock.ts';
import { schedule } from './tables/due.ts';
import { takeOutcomeFault } from './tables/faults.ts';
import { findOrder } from './tables/orders.ts';
import { insertEvent } from './tables/outbox.ts';
import {
  type Production,
  type ProductionOutcome,
  readTrack,
  type Track,
  writeTrack,
} from './tables/productions.ts';

/** A card becomes READY, unless its order has ended meanwhile. */
export function makeReady(moment: Moment, cardToken: string): void {
  const card = findCard(moment.db, cardToken);
  const status = card && findOrder(moment.db, card.orderId)?.status;
  if (!card || status === 'CANCELLED' || status === 'RETURNED') return;
  const track = becomeReady(readTrack(moment.db, cardToken), moment.at);
  if (track) saveTrack(moment, card, track);
}

/** Sends a card to a kiosk. Only for a card whose machine does not refuse it. */
export function beginProduction(moment: Moment, card: Card, kioskId: string): Production {
  const track = accept(readTrack(moment.db, card.token), { kioskId, at: moment.at });
  return began(moment, card, track);
}

/** A queued request begins. @param occurredAt names the request; one that is not queued any more is left alone */
export function startQueued(
  moment: Moment,
  { cardToken, occurredAt }: { cardToken: string; occurredAt: number },
): void {
  const card = findCard(moment.db, cardToken);
  const before = readTrack(moment.db, cardToken);
  const track = before.queued?.occurredAt === occurredAt ? start(before) : null;
  if (card && track) began(moment, card, track);
}

/** The outcome that a fault set for an attempt, if that attempt is still in progress. */
export function finishAttempt(
  moment: Moment,
  attempt: { cardToken: string; occurredAt: number } & ProductionOutcome,
): void {
  const card = findCard(moment.db, attempt.cardToken);
  const { production } = readTrack(moment.db, attempt.cardToken);
  if (card && production?.occurredAt === attempt.occurredAt) finishProduction(moment, card, attempt);
}

/** Ends the attempt in progress. @returns false when there is none */
export function finishProduction(moment: Moment, card: Card, outcome: ProductionOutcome): boolean {
  const track = finish(readTrack(moment.db, card.token), outcome);
  if (!track) return false;
  saveTrack(moment, card, track);
  if (outcome.status === 'PRODUCED') {
    const dueAt = dueAfter(moment, DELAYS.orderProduced);
    schedule(moment.db, { kind: 'order-produced', orderId: card.orderId }, dueAt);
  }
  return true;
}

function began(moment: Moment, card: Card, track: Track): Production {
  const production = saveTrack(moment, card, track);
  const { kioskId, occurredAt } = production;
  const fault = kioskId === null ? null : takeOutcomeFault(moment.db, kioskId);
  if (fault) {
    const { status, errorCode = null, afterMs = DELAYS.outcome } = fault;
    schedule(
      moment.db,
      { kind: 'finished', cardToken: card.token, occurredAt, status, errorCode },
      dueAfter(moment, afterMs),
    );
  }
  return production;
}

function saveTrack({ db, at }: Moment, card: Card, track: Track): Production {
  const { production } = track;
  if (!production) throw new TypeError('a production that is not there can not be saved');
  writeTrack(db, card.token, track);
  const event = productionEvent({ profileId: card.profileId, cardToken: card.token }, { production, at });
  insertEvent(db, { at, body: event });
  return production;
}
