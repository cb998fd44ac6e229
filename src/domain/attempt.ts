import { lookUpError } from './errors/error-catalogue.ts';
import type { FailureCode, FailureDetails } from './errors/failure.ts';
import type { CardToken, KioskId } from './ids.ts';
import { isLater, namesEarlierRequest, type Production } from './production.ts';
import type { SettleWindow } from './times/settle-window.ts';
import { compareVendorTimes } from './times/vendor-time.ts';

/**
 * The state of an attempt. `claimed`: not sent yet. `sent`: the request is in flight, or its process was killed.
 * `unknown`: the response was lost. `accepted`, `queued`, `refused`, `produced`, `failed`: as Wise reports; a queued
 * request starts when the printer is ready. `not-seen`: Wise never received the request. `superseded`: a later attempt
 * replaced it. `abandoned`: a user abandoned it.
 */
export const OUTCOMES = [
  'claimed',
  'sent',
  'unknown',
  'accepted',
  'queued',
  'refused',
  'not-seen',
  'superseded',
  'abandoned',
  'produced',
  'failed',
] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** The outcomes that block another attempt on the same card. */
export const OPEN_OUTCOMES = [
  'claimed',
  'sent',
  'unknown',
  'accepted',
  'queued',
] as const satisfies Outcome[];

/** The process that sends an attempt: the owner of its claim. */
export interface OwnerProcess {
  host: string;
  user: string;
  pid: number;
  /** Start time of the process, which distinguishes it from a later process with the same pid; null if unavailable. */
  startedAt: string | null;
  /** Id of the machine's boot; null if unavailable. */
  boot: string | null;
  /** Id of the process's pid namespace; null if unavailable. */
  namespace: string | null;
}

/** Formats a process for messages: `user@host, process 123`. */
export function describeOwner({ user, host, pid }: OwnerProcess): string {
  return `${user}@${host}, process ${pid}`;
}

/** A field of an attempt: its column type in the journal, and its TypeScript type. */
interface Field<Value> {
  kind: 'value' | 'production' | 'window' | 'owner';
  /** Exists only in the type system; never set. */
  of?: Value;
}

const value = <Value>(): Field<Value> => ({ kind: 'value' });
const production = (): Field<Production | null> => ({ kind: 'production' });
const settleWindow = (): Field<SettleWindow | null> => ({ kind: 'window' });
const owner = (): Field<OwnerProcess> => ({ kind: 'owner' });

/** The fields of an attempt. The journal has a column for each. */
export const ATTEMPT_FIELDS = {
  id: value<string>(),
  /** Sequence number of the attempt among the card's attempts in the journal, from 1. */
  number: value<number>(),
  profileId: value<number>(),
  orderId: value<number | null>(),
  cardToken: value<CardToken>(),
  kioskId: value<KioskId | null>(),
  /** `ours`: sent from this journal. `observed`: sent by another system, and seen in Wise's data. */
  origin: value<'ours' | 'observed'>(),
  outcome: value<Outcome>(),
  /** The production read immediately before the request was sent. */
  baseline: production(),
  /** The latest production of this attempt; for a refused attempt, the response that refused it. */
  production: production(),
  owner: owner(),
  claimedAt: value<number>(),
  sentAt: value<number | null>(),
  /** null before the request is sent, and for an observed attempt. */
  settleWindow: settleWindow(),
  closedAt: value<number | null>(),
  reason: value<string | null>(),
  correlationId: value<string | null>(),
  traceId: value<string | null>(),
  /** HTTP status of the response; null without a response. */
  httpStatus: value<number | null>(),
  /**
   * Failure code of a rejected request; later commands report it. null for any other attempt, and for attempts that are
   * older than this field.
   */
  endCode: value<FailureCode | null>(),
};

/** A request to produce one card on one kiosk. Times are milliseconds since the epoch. */
export type Attempt = {
  [Name in keyof typeof ATTEMPT_FIELDS]: (typeof ATTEMPT_FIELDS)[Name] extends Field<infer Value>
    ? Value
    : never;
};

export function isOpen(attempt: Pick<Attempt, 'outcome'> | null): boolean {
  return attempt !== null && OPEN_OUTCOMES.some((outcome) => outcome === attempt.outcome);
}

/** True if the response was lost and nothing shows yet if the request arrived. */
export function isUnsettled(attempt: Attempt | null): boolean {
  return attempt?.outcome === 'sent' || attempt?.outcome === 'unknown';
}

/** Returns the correlation and trace id of the attempt's request, as details of a failure. */
export function idsOf({ correlationId, traceId }: Attempt): FailureDetails {
  return { ...(correlationId && { correlationId }), ...(traceId && { traceId }) };
}

/** True if Wise has a request for the card, but it is unknown if that is this attempt's request or an earlier one. */
export function isHeldByVendor({ outcome, production }: Attempt): boolean {
  return outcome === 'unknown' && namesEarlierRequest(production);
}

/**
 * The state of a sent attempt, derived from a production. `unchanged`: the production is older than the attempt.
 * `undecidable`: the production may be older or newer.
 */
export type Reading =
  | 'unchanged'
  | 'undecidable'
  | 'accepted'
  | 'queued'
  | 'produced'
  | 'failed'
  | 'refused'
  | 'superseded';

export function readProduction(attempt: Attempt, production: Production | null): Reading {
  const later = production ? isLater(production, attempt.baseline) : undefined;
  if (!production || later === undefined) return 'undecidable';
  if (!later) return 'unchanged';
  if (production.status === 'REQUEST_ERROR') return readRefusal(attempt, production);
  if (production.kioskId !== null && attempt.kioskId !== null && production.kioskId !== attempt.kioskId)
    return 'superseded';
  if (production.status === 'IN_PROGRESS') return 'accepted';
  return production.status === 'PRODUCED' ? 'produced' : 'failed';
}

/**
 * Interprets a production that shows a refused request. If the attempt has no response and the refusal certainly
 * belongs to the attempt, the refusal counts as the response.
 */
function readRefusal(attempt: Attempt, { kioskId, errorCode }: Production): Reading {
  if (!isUnsettled(attempt) || (kioskId !== null && kioskId !== attempt.kioskId)) return 'unchanged';
  if (errorCode === 'REQUEST_CREATED_BUT_NOT_STARTED') return 'queued';
  return lookUpError('request', errorCode).retry === 'reconcile' ? 'undecidable' : 'refused';
}

/**
 * Returns the outcome of an attempt whose response was lost. An unchanged production means `not-seen` only after the
 * settle window, because the manufacturer's data may lag behind, and only if Wise has no request for the card.
 */
export function settle(
  attempt: Attempt,
  production: Production | null,
  { isWindowOver }: { isWindowOver: boolean },
): Outcome {
  const reading = readProduction(attempt, production);
  if (reading === 'undecidable') return 'unknown';
  if (reading !== 'unchanged') return reading;
  if (isHeldByVendor(attempt)) return 'unknown';
  return isWindowOver ? 'not-seen' : 'unknown';
}

/**
 * Returns the outcome of an open attempt after a read of the production; the previous outcome if the read is
 * inconclusive.
 */
export function followUp(
  attempt: Attempt,
  production: Production | null,
  window: { isWindowOver: boolean },
): Outcome {
  if (isUnsettled(attempt)) return settle(attempt, production, window);
  const reading = readProduction(attempt, production);
  return reading === 'unchanged' || reading === 'undecidable' ? attempt.outcome : reading;
}

const OUTCOMES_OF_STATUS = new Map<string, Outcome>([
  ['IN_PROGRESS', 'accepted'],
  ['PRODUCTION_ERROR', 'failed'],
  ['PRODUCED', 'produced'],
]);

/** Returns the outcome of the attempt to which a production belongs; null for READY and unknown statuses. */
export function outcomeOfStatus(production: Production | null): Outcome | null {
  return OUTCOMES_OF_STATUS.get(production?.status ?? '') ?? null;
}

/**
 * Returns the outcome of a production that another system requested.
 * @param latest the latest attempt of the journal, already reconciled with the production
 * @returns null if the production belongs to `latest`, or was never requested
 */
export function observedOutcome(latest: Attempt | null, production: Production | null): Outcome | null {
  const outcome = outcomeOfStatus(production);
  if (!production || outcome === null || latest === null) return outcome;
  return !isOpen(latest) && isLater(production, lastProductionOf(latest)) === true ? outcome : null;
}

/** Returns the latest production that certainly belongs to an attempt; if there is none, the baseline. */
export function lastProductionOf({ outcome, production, baseline }: Attempt): Production | null {
  return outcome === 'refused' || outcome === 'not-seen' ? baseline : (production ?? baseline);
}

/**
 * True if the API shows an older state than the journal. This happens when an event reports a result before the API
 * does. False for a READY that is later than the result: the sandbox was reset.
 */
export function lagsBehind(production: Production | null, attempt: Attempt | null): boolean {
  if (!production || !attempt || (attempt.outcome !== 'produced' && attempt.outcome !== 'failed'))
    return false;
  if (production.status === 'READY') {
    const order = compareVendorTimes(production.occurredAt, attempt.production?.occurredAt ?? null);
    if (order !== undefined && order > 0) return false;
  }
  if (attempt.outcome === 'produced') return production.status !== 'PRODUCED';
  return isLater(production, attempt.baseline) === false;
}
