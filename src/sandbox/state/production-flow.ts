import { productionEvent } from './event-bodies.ts';
import { type Card, findCard } from './tables/cards.ts';
import { DELAYS, dueAfter, type Moment } from './tables/clock.ts';
import { insertEvent } from './tables/deliveries.ts';
import { takeOutcomeFault } from './tables/faults.ts';
import { findOrder } from './tables/orders.ts';
import {
  type Production,
  type ProductionOutcome,
  readTrack,
  schedule,
  type Track,
  writeTrack,
} from './tables/productions.ts';

/** Sets the production of a card to READY, unless its order has ended. */
export function makeReady(moment: Moment, cardToken: string): void {
  const card = findCard(moment.db, cardToken);
  const status = card && findOrder(moment.db, card.orderId)?.status;
  if (!card || status === 'CANCELLED' || status === 'RETURNED') return;
  const track = becomeReady(readTrack(moment.db, cardToken), moment.at);
  if (track) saveTrack(moment, card, track);
}

/** Starts the production of a card. Call only if `refusalOf` returns null. */
export function beginProduction(moment: Moment, card: Card, kioskId: string): Production {
  const track = accept(readTrack(moment.db, card.token), { kioskId, at: moment.at });
  return began(moment, card, track);
}

/**
 * Starts a queued request; does nothing if it is no longer queued.
 * @param request `occurredAt` identifies the request
 */
export function startQueued(
  moment: Moment,
  { cardToken, occurredAt }: { cardToken: string; occurredAt: number },
): void {
  const card = findCard(moment.db, cardToken);
  const before = readTrack(moment.db, cardToken);
  const track = before.queued?.occurredAt === occurredAt ? start(before) : null;
  if (card && track) began(moment, card, track);
}

/** Ends an attempt with the outcome that a fault sets, if it is still in progress. */
export function finishAttempt(
  moment: Moment,
  attempt: { cardToken: string; occurredAt: number } & ProductionOutcome,
): void {
  const card = findCard(moment.db, attempt.cardToken);
  const { production } = readTrack(moment.db, attempt.cardToken);
  if (card && production?.occurredAt === attempt.occurredAt) finishProduction(moment, card, attempt);
}

/** Ends the attempt in progress. @returns true if it was ended; false if none is in progress */
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
  if (!production) throw new TypeError('there is no production to save');
  writeTrack(db, card.token, track);
  const event = productionEvent({ profileId: card.profileId, cardToken: card.token }, { production, at });
  insertEvent(db, { at, body: event });
  return production;
}

/**
 * State machine of a production, strictly as Wise documents it: none → READY → IN_PROGRESS → PRODUCED |
 * PRODUCTION_ERROR → IN_PROGRESS … It does not use `domain/stage.ts`: with shared code, a misreading of the
 * documentation would pass every test.
 */

/** Makes a production READY. @returns the new state; null if the production already has a status */
export function becomeReady(track: Track, at: number): Track | null {
  if (track.production) return null;
  const occurredAt = nextTime(track, at);
  return {
    ...track,
    production: { status: 'READY', kioskId: null, occurredAt, errorCode: null },
    latestAt: occurredAt,
  };
}

/** Returns the error code that rejects a produce request now; null if it is accepted. */
export function refusalOf({
  production,
  queued,
}: Track): 'UNABLE_TO_ACCEPT_REQUEST' | 'REQUEST_ALREADY_EXISTS' | null {
  if (!production) return 'UNABLE_TO_ACCEPT_REQUEST';
  const isTaken = queued !== null || production.status === 'IN_PROGRESS' || production.status === 'PRODUCED';
  return isTaken ? 'REQUEST_ALREADY_EXISTS' : null;
}

/** Accepts a produce request. Call only if `refusalOf` returns null. */
export function accept(track: Track, { kioskId, at }: { kioskId: string; at: number }): Track {
  return start({ ...track, queued: { kioskId, occurredAt: nextTime(track, at) } }) ?? track;
}

/** Queues a produce request, which starts later. Call only if `refusalOf` returns null. */
export function enqueue(track: Track, { kioskId, at }: { kioskId: string; at: number }): Track {
  const occurredAt = nextTime(track, at);
  return { ...track, queued: { kioskId, occurredAt }, latestAt: occurredAt };
}

/** Records the time of a rejected request; the status does not change. */
export function refuse(track: Track, at: number): Track & { latestAt: number } {
  return { ...track, latestAt: nextTime(track, at) };
}

/** Starts the queued request, with the time at which it was sent. @returns the new state; null if none is queued */
export function start(track: Track): Track | null {
  if (!track.queued) return null;
  const { kioskId, occurredAt } = track.queued;
  return {
    production: { status: 'IN_PROGRESS', kioskId, occurredAt, errorCode: null },
    queued: null,
    latestAt: Math.max(track.latestAt ?? occurredAt, occurredAt),
  };
}

/** Ends the attempt in progress and keeps its request time. @returns the new state; null if none is in progress */
export function finish(track: Track, { status, errorCode }: ProductionOutcome): Track | null {
  const { production } = track;
  if (production?.status !== 'IN_PROGRESS') return null;
  return {
    ...track,
    production: {
      ...production,
      status,
      errorCode: status === 'PRODUCTION_ERROR' ? (errorCode ?? 'UNKNOWN_ERROR') : null,
    },
  };
}

/** Removes the queued request. */
export function dropQueued(track: Track): Track {
  return { ...track, queued: null };
}

/** Returns a time later than every earlier time of the card, even if the clock is set back. */
function nextTime({ latestAt }: Track, at: number): number {
  return latestAt === null ? at : Math.max(at, latestAt + 1);
}
