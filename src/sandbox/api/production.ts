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
import { cardOf } from './cards.ts';
import { type Call, fieldsOf, profileOf, uuidParameter } from './input.ts';

/** Milliseconds after which Wise obfuscates the data of a card. */
const PRODUCIBLE_MS = 60 * 86_400_000;

interface Request {
  card: Card;
  order: Order;
  kioskId: string;
}

/** `PUT …/cards/{cardToken}/production`: 200 IN_PROGRESS, or 422 REQUEST_ERROR. */
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
 * `GET …/cards/{cardToken}/production`. 404 before READY, and never REQUEST_ERROR: assumptions, because no public page
 * documents these cases.
 */
export function getProduction(call: Call): Answer {
  const { card } = cardOf(call);
  const { production } = readTrack(call.db, card.token);
  if (!production) throw notFound('Card production');
  return { status: 200, body: toProductionStatus(production) };
}

/** `POST …/simulation/…/cards/{cardToken}/production`: 200 without a body, only while a production is in progress. */
export function simulateProduction(call: Call): Answer {
  uuidParameter(call, 'cardToken');
  const { card } = cardOf(call);
  const { status, errorCode = null } = fieldsOf(simulationRequest, call.body);
  if (errorCode !== null && !isProductionError(errorCode)) {
    const named = JSON.stringify(errorCode.slice(0, 60));
    throw invalidField('errorCode', `${named} is not a production error code`);
  }
  const { queued } = readTrack(call.db, card.token);
  // A request that waits for its printer starts first.
  if (queued) startQueued(call, { cardToken: card.token, occurredAt: queued.occurredAt });
  if (!finishProduction(call, card, { status, errorCode }))
    throw invalidField('status', 'The card must be sent to a kiosk first', 'PRODUCTION_NOT_IN_PROGRESS');
  return { status: 200, effect: true };
}

/** `POST …/simulation/profiles/{profileId}/verifications`: 200 without a body. */
export function simulateVerification(call: Call): Answer {
  const { id } = profileOf(call);
  setRequirement(call, id, { type: 'VERIFICATION', status: 'COMPLETED' });
  return { status: 200, effect: true };
}

/**
 * Returns the error code of a request that must be refused. Wise documents these cases, but not all of their codes: those
 * for a card that is too old, has ended, or is not for a kiosk, and the order of the checks, are assumptions.
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

/** Refuses a request (422). Only the time of the refusal is stored. */
function refuseRequest(call: Call, { card, kioskId }: Request, errorCode: string): Answer {
  const track = refuse(readTrack(call.db, card.token), call.at);
  writeTrack(call.db, card.token, track);
  return {
    status: 422,
    body: requestError({ errorCode, kioskId, occurredAt: track.latestAt }),
    kioskId,
  };
}

/** Answers 422 to a request that exists nevertheless, and begins after the time of the fault. */
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
