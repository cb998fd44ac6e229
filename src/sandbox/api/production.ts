import { findErrors } from '../../domain/errors/error-catalogue.ts';
import { produceRequest, simulationRequest } from '../../wire/cards.ts';
import type { ProduceFault } from '../../wire/fault.ts';
import { requestError, toProductionStatus } from '../state/event-bodies.ts';
import { isForKiosk, setRequirement } from '../state/order-flow.ts';
import {
  beginProduction,
  enqueue,
  finishProduction,
  refusalOf,
  refuse,
  startQueued,
} from '../state/production-flow.ts';
import type { Card } from '../state/tables/cards.ts';
import { dueAfter } from '../state/tables/clock.ts';
import { takeProduceFault } from '../state/tables/faults.ts';
import type { Order } from '../state/tables/orders.ts';
import { readTrack, schedule, writeTrack } from '../state/tables/productions.ts';
import { isKiosk } from '../state/tables/profiles.ts';
import { type Answer, invalidField, notFound } from './answers.ts';
import { cardAlone, cardOf } from './cards.ts';
import { type Call, fieldsOf, profileOf, uuidParameter } from './input.ts';

/** Age at which a card can no longer be produced, because Wise obfuscates its data: 60 days, in milliseconds. */
const PRODUCIBLE_MS = 60 * 86_400_000;

interface Request {
  card: Card;
  order: Order;
  kioskId: string;
}

/** `PUT …/cards/{cardToken}/production`: 200 with IN_PROGRESS, or 422 with REQUEST_ERROR. */
export function produceCard(call: Call): Answer {
  const request: Request = { ...cardOf(call), kioskId: fieldsOf(produceRequest, call.body).kioskId };
  const errorCode = refusalCode(call, request);
  if (errorCode) return refuseRequest(call, request, errorCode);
  const fault = call.isFaulted ? null : takeProduceFault(call.db, request.kioskId);
  if (fault?.errorCode === 'REQUEST_CREATED_BUT_NOT_STARTED') return queueRequest(call, request, fault);
  if (fault) return refuseRequest(call, request, fault.errorCode);
  const production = beginProduction(call, request.card, request.kioskId);
  return { status: 200, body: toProductionStatus(production), effect: true, kioskId: request.kioskId };
}

/**
 * `GET …/cards/{cardToken}/production`. Assumptions: the HTTP status is 404 before the card is READY, and no response has
 * the production status REQUEST_ERROR.
 */
export function getProduction(call: Call): Answer {
  const { production } = readTrack(call.db, cardAlone(call).token);
  if (!production) throw notFound('Card production');
  return { status: 200, body: toProductionStatus(production) };
}

/**
 * `POST …/simulation/…/cards/{cardToken}/production`: 200 with an empty body. Fails unless a production is in progress.
 */
export function simulateProduction(call: Call): Answer {
  uuidParameter(call, 'cardToken');
  const { card } = cardOf(call);
  const { status, errorCode = null } = fieldsOf(simulationRequest, call.body);
  if (errorCode !== null && !isProductionError(errorCode)) {
    const named = JSON.stringify(errorCode.slice(0, 60));
    throw invalidField('errorCode', `${named} is not a production error code`);
  }
  const { queued } = readTrack(call.db, card.token);
  // A queued request must start before its result can be set.
  if (queued) startQueued(call, { cardToken: card.token, occurredAt: queued.occurredAt });
  if (!finishProduction(call, card, { status, errorCode }))
    throw invalidField('status', 'The card must be sent to a kiosk first', 'PRODUCTION_NOT_IN_PROGRESS');
  return { status: 200, effect: true };
}

/** `POST …/simulation/profiles/{profileId}/verifications`: 200 with an empty body. */
export function simulateVerification(call: Call): Answer {
  const { id } = profileOf(call);
  setRequirement(call, id, { type: 'VERIFICATION', status: 'COMPLETED' });
  return { status: 200, effect: true };
}

/**
 * Returns the error code that rejects a produce request; null if it is accepted. Wise documents the reasons, but not
 * every code. Assumptions: the codes for an expired card, an ended card and a card that is not for a kiosk, and the
 * order of the checks.
 */
function refusalCode(call: Call, { card, order, kioskId }: Request): string | null {
  if (!isKiosk(kioskId, call.kiosks)) return 'KIOSK_ID_NOT_FOUND';
  if (
    order.status === 'CANCELLED' ||
    order.status === 'RETURNED' ||
    card.status === 'BLOCKED' ||
    !isForKiosk(order)
  )
    return 'INVALID_FIELD_VALUE';
  const reason = refusalOf(readTrack(call.db, card.token));
  if (reason === 'REQUEST_ALREADY_EXISTS') return reason;
  return call.at - card.createdAt > PRODUCIBLE_MS ? 'EMPTY_OR_NULL_FIELD_VALUE' : reason;
}

/** Rejects a produce request (422). Stores the time of the request, but leaves the production unchanged. */
function refuseRequest(call: Call, { card, kioskId }: Request, errorCode: string): Answer {
  const track = refuse(readTrack(call.db, card.token), call.at);
  writeTrack(call.db, card.token, track);
  return {
    status: 422,
    body: requestError({ errorCode, kioskId, occurredAt: track.latestAt }),
    kioskId,
  };
}

/** Responds with 422 and the error code of the fault, but queues the request. It starts after the delay of the fault. */
function queueRequest(call: Call, { card, kioskId }: Request, fault: ProduceFault): Answer {
  const track = enqueue(readTrack(call.db, card.token), { kioskId, at: call.at });
  writeTrack(call.db, card.token, track);
  const occurredAt = track.latestAt ?? call.at;
  if (fault.afterMs !== undefined) {
    const dueAt = dueAfter(call, fault.afterMs);
    schedule(call.db, { kind: 'started', cardToken: card.token, occurredAt }, dueAt);
  }
  const { errorCode } = fault;
  return { status: 422, body: requestError({ errorCode, kioskId, occurredAt }), effect: true, kioskId };
}

function isProductionError(code: string): boolean {
  return findErrors(code).some((entry) => entry.kind === 'production' && entry.code === code);
}
