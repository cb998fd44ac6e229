import { lookUpError } from './errors/error-catalogue.ts';
import type { FailureCode, FailureDetails } from './errors/failure.ts';
import type { CardToken, KioskId } from './ids.ts';
import { isLater, namesEarlierRequest, type Production } from './production.ts';
import type { SettleWindow } from './times/settle-window.ts';
import { compareVendorTimes } from './times/vendor-time.ts';

/**
 * The state of an attempt. `claimed`: nothing sent yet. `sent`: the request is in progress, or its process was killed.
 * `unknown`: the answer was lost. `queued`: accepted, starts when the printer is ready. `not-seen`: it never arrived.
 * `superseded`: another attempt came after it. `abandoned`: a user gave it up. The others are those of the vendor.
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

/** The outcomes that block other attempts on the card. */
export const OPEN_OUTCOMES = [
  'claimed',
  'sent',
  'unknown',
  'accepted',
  'queued',
] as const satisfies Outcome[];

/** The process that sends an attempt. */
export interface OwnerProcess {
  host: string;
  user: string;
  pid: number;
  /** Distinguishes a process from a later one with the same pid; null if the system has no such value. */
  startedAt: string | null;
  /** The boot of its machine and its namespace of process ids; null if unknown. */
  boot: string | null;
  namespace: string | null;
}

/** Returns the name of a process in messages. */
export function describeOwner({ user, host, pid }: OwnerProcess): string {
  return `${user}@${host}, process ${pid}`;
}

/** The kind of column that the journal has for a field of an attempt. */
interface Field<Value> {
  kind: 'value' | 'production' | 'window' | 'owner';
  /** Never set: carries the type of the field. */
  of?: Value;
}

const value = <Value>(): Field<Value> => ({ kind: 'value' });
const production = (): Field<Production | null> => ({ kind: 'production' });
const settleWindow = (): Field<SettleWindow | null> => ({ kind: 'window' });
const owner = (): Field<OwnerProcess> => ({ kind: 'owner' });

/** The fields of an attempt, each with its column in the journal. */
export const ATTEMPT_FIELDS = {
  id: value<string>(),
  /** 1 for the first attempt on the card that the journal knows, then 2, 3 … */
  number: value<number>(),
  profileId: value<number>(),
  orderId: value<number | null>(),
  cardToken: value<CardToken>(),
  kioskId: value<KioskId | null>(),
  /** `observed`: sent by another system, found in the data of the vendor. */
  origin: value<'ours' | 'observed'>(),
  outcome: value<Outcome>(),
  /** The production that was read immediately before the request was sent. */
  baseline: production(),
  /** The latest production of this attempt, including a refusal. */
  production: production(),
  owner: owner(),
  claimedAt: value<number>(),
  sentAt: value<number | null>(),
  /** null until the request is sent, and for another system. */
  settleWindow: settleWindow(),
  closedAt: value<number | null>(),
  reason: value<string | null>(),
  correlationId: value<string | null>(),
  traceId: value<string | null>(),
  /** The status of the answer to its request; null without an answer. */
  httpStatus: value<number | null>(),
  /** The failure of an attempt without effect, as its command reported it; null for other attempts, and for old ones. */
  endCode: value<FailureCode | null>(),
};

/** One request to produce one card on one kiosk. Times are milliseconds since the epoch. */
export type Attempt = {
  [Name in keyof typeof ATTEMPT_FIELDS]: (typeof ATTEMPT_FIELDS)[Name] extends Field<infer Value>
    ? Value
    : never;
};

export function isOpen(attempt: Pick<Attempt, 'outcome'> | null): boolean {
  return attempt !== null && OPEN_OUTCOMES.some((outcome) => outcome === attempt.outcome);
}

/** True if it is not known whether the request arrived. */
export function isUnsettled(attempt: Attempt | null): boolean {
  return attempt?.outcome === 'sent' || attempt?.outcome === 'unknown';
}

/** The ids of the request of an attempt, as details of a failure. */
export function idsOf({ correlationId, traceId }: Attempt): FailureDetails {
  return { ...(correlationId && { correlationId }), ...(traceId && { traceId }) };
}

/** True if Wise answered that it has a request for this card already, which may be the request of this attempt. */
export function isHeldByVendor({ outcome, production }: Attempt): boolean {
  return outcome === 'unknown' && namesEarlierRequest(production);
}

/**
 * The meaning of a production for an attempt that was sent. `unchanged`: it is older than the attempt. `undecidable`:
 * it can't be distinguished from the state before.
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

/** Reads a refusal in the production. It replaces a lost answer if it is of this attempt and its meaning is clear. */
function readRefusal(attempt: Attempt, { kioskId, errorCode }: Production): Reading {
  if (!isUnsettled(attempt) || (kioskId !== null && kioskId !== attempt.kioskId)) return 'unchanged';
  if (errorCode === 'REQUEST_CREATED_BUT_NOT_STARTED') return 'queued';
  return lookUpError('request', errorCode).retry === 'reconcile' ? 'undecidable' : 'refused';
}

/**
 * Returns the outcome of a request whose answer was lost. Before the settle window has passed, an unchanged production
 * proves nothing, because the data of the manufacturer may lag behind; while Wise has a request for the card, it never does.
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
 * Returns the outcome of an open attempt after a read of the production; the same as before if nothing can be
 * concluded.
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

/** Returns the outcome of the attempt that a production belongs to; null for a status that shows none. */
export function outcomeOfStatus(production: Production | null): Outcome | null {
  return OUTCOMES_OF_STATUS.get(production?.status ?? '') ?? null;
}

/**
 * Returns the outcome of an attempt that another system sent, which only the production shows.
 * @param latest the latest attempt of the journal, up to date
 * @returns null if the production belongs to the latest attempt, or to none
 */
export function observedOutcome(latest: Attempt | null, production: Production | null): Outcome | null {
  const outcome = outcomeOfStatus(production);
  if (!production || outcome === null || latest === null) return outcome;
  return !isOpen(latest) && isLater(production, lastProductionOf(latest)) === true ? outcome : null;
}

/** Returns the latest production that belongs to an attempt for certain, or else the one before the attempt. */
export function lastProductionOf({ outcome, production, baseline }: Attempt): Production | null {
  return outcome === 'refused' || outcome === 'not-seen' ? baseline : (production ?? baseline);
}

/**
 * True if the API shows an older state than the journal: an event may report the end of an attempt before the API does.
 * A READY with a later time is a new start (the sandbox was reset), not a lag.
 */
export function lagsBehind(production: Production | null, attempt: Attempt | null): boolean {
  if (!production || !attempt || (attempt.outcome !== 'produced' && attempt.outcome !== 'failed'))
    return false;
  const order = compareVendorTimes(production.occurredAt, attempt.production?.occurredAt ?? null);
  if (production.status === 'READY' && order !== undefined && order > 0) return false;
  if (attempt.outcome === 'produced') return production.status !== 'PRODUCED';
  return isLater(production, attempt.baseline) === false;
}
