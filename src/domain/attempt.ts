import { type CatalogueEntry, lookUpError } from './errors/error-catalogue.ts';
import type { CardToken, KioskId } from './ids.ts';
import { isLater, type Production } from './production.ts';
import { compareVendorTimes } from './times/vendor-time.ts';

/**
 * How far an attempt got. `claimed`: nothing sent yet. `sent`: the request is on its way, or its process died.
 * `unknown`: the answer was lost. `queued`: accepted, starts when the printer is ready. `not-seen`: it never arrived.
 * `superseded`: another attempt came after it. `abandoned`: a person gave it up. The rest as the vendor says.
 */
export type Outcome =
  | 'claimed'
  | 'sent'
  | 'unknown'
  | 'accepted'
  | 'queued'
  | 'refused'
  | 'not-seen'
  | 'superseded'
  | 'abandoned'
  | 'produced'
  | 'failed';

/** While an attempt has one of these outcomes, no other attempt on its card may be sent. */
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
  /** Tells a process from a later one with the same pid; null where the system doesn't say. */
  startedAt: string | null;
}

/** How messages name the process that holds something. */
export function describeOwner({ user, host, pid }: OwnerProcess): string {
  return `${user}@${host}, process ${pid}`;
}

/** One request to produce one card on one kiosk. Times of ours are milliseconds since the epoch. */
export interface Attempt {
  id: string;
  /** 1 for the first attempt on the card that the journal knows, then 2, 3 … */
  number: number;
  profileId: number;
  orderId: number | null;
  cardToken: CardToken;
  kioskId: KioskId | null;
  /** `observed`: sent by another system, seen in the vendor's data. */
  origin: 'ours' | 'observed';
  outcome: Outcome;
  /** What the vendor said right before the request was sent. */
  baseline: Production | null;
  /** The last thing that the vendor said about this attempt, its refusal included. */
  production: Production | null;
  owner: OwnerProcess;
  claimedAt: number;
  sentAt: number | null;
  closedAt: number | null;
  reason: string | null;
  correlationId: string | null;
  traceId: string | null;
}

export function isOpen(attempt: Attempt | null): boolean {
  return attempt !== null && OPEN_OUTCOMES.some((outcome) => outcome === attempt.outcome);
}

/** Is nobody sure yet whether the request arrived? */
export function isUnsettled(attempt: Attempt | null): boolean {
  return attempt?.outcome === 'sent' || attempt?.outcome === 'unknown';
}

/** Why an attempt was refused that must never be made again on this card; null when it may. */
export function refusedForGood(attempt: Attempt | null): CatalogueEntry | null {
  if (attempt?.outcome !== 'refused') return null;
  const entry = lookUpError('request', attempt.production?.errorCode ?? null);
  return entry.retry === 'never' ? entry : null;
}

/** Did the vendor answer that it holds a request for this card already? Whose it is, the production tells. */
export function isHeldByVendor({ outcome, production }: Attempt): boolean {
  return outcome === 'unknown' && production?.errorCode === 'REQUEST_ALREADY_EXISTS';
}

/**
 * What a reading of the production says about an attempt that was sent.
 * `unchanged`: nothing that came after the attempt; `undecidable`: it can't be told from what was there before.
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

/** A refusal that shows in the production counts as the answer that was lost, if it is ours and says what happened. */
function readRefusal(attempt: Attempt, { kioskId, errorCode }: Production): Reading {
  if (!isUnsettled(attempt) || (kioskId !== null && kioskId !== attempt.kioskId)) return 'unchanged';
  if (errorCode === 'REQUEST_CREATED_BUT_NOT_STARTED') return 'queued';
  return lookUpError('request', errorCode).retry === 'reconcile' ? 'undecidable' : 'refused';
}

/**
 * What became of a request whose answer was lost. An unchanged production proves nothing before the settle window has
 * passed, because the vendor shows the manufacturer's latest data, which may lag behind; and none at all while the vendor
 * says that it holds a request.
 * @param lookedAt when the production was asked for, in milliseconds
 * @param settleWindow milliseconds from the sending
 */
export function settle(
  attempt: Attempt,
  production: Production | null,
  { lookedAt, settleWindow }: { lookedAt: number; settleWindow: number },
): Outcome {
  const reading = readProduction(attempt, production);
  if (reading === 'undecidable') return 'unknown';
  if (reading !== 'unchanged') return reading;
  if (isHeldByVendor(attempt)) return 'unknown';
  return lookedAt - (attempt.sentAt ?? lookedAt) >= settleWindow ? 'not-seen' : 'unknown';
}

/**
 * What an open attempt has come to, now that the production was read.
 * @returns its outcome as it was, when nothing can be concluded
 */
export function followUp(
  attempt: Attempt,
  production: Production | null,
  look: { lookedAt: number; settleWindow: number },
): Outcome {
  if (isUnsettled(attempt)) return settle(attempt, production, look);
  const reading = readProduction(attempt, production);
  return reading === 'unchanged' || reading === 'undecidable' ? attempt.outcome : reading;
}

const OBSERVED_OUTCOMES = new Map<string, Outcome>([
  ['IN_PROGRESS', 'accepted'],
  ['PRODUCTION_ERROR', 'failed'],
  ['PRODUCED', 'produced'],
]);

/**
 * The outcome of an attempt that the journal doesn't know, which a production shows: another system sent it.
 * @param latest the latest attempt that the journal knows, brought up to date
 * @returns null when the production belongs to that one, or to none
 */
export function observedOutcome(latest: Attempt | null, production: Production | null): Outcome | null {
  const outcome = OBSERVED_OUTCOMES.get(production?.status ?? '') ?? null;
  if (!production || outcome === null || latest === null) return outcome;
  return !isOpen(latest) && isLater(production, lastWordOn(latest)) === true ? outcome : null;
}

/** The last production that is known to belong to an attempt, or to what was before it. */
export function lastWordOn({ outcome, production, baseline }: Attempt): Production | null {
  return outcome === 'refused' || outcome === 'not-seen' ? baseline : (production ?? baseline);
}

/**
 * Does the API show less than the journal knows? An event may tell the end of an attempt before the API does.
 * A READY of a later time is a new start (a sandbox was reset), and no lag.
 */
export function lagsBehind(production: Production | null, attempt: Attempt | null): boolean {
  if (!production || !attempt || (attempt.outcome !== 'produced' && attempt.outcome !== 'failed'))
    return false;
  const order = compareVendorTimes(production.occurredAt, attempt.production?.occurredAt ?? null);
  if (production.status === 'READY' && order !== undefined && order > 0) return false;
  if (attempt.outcome === 'produced') return production.status !== 'PRODUCED';
  return isLater(production, attempt.baseline) === false;
}

/** An attempt as JSON documents show it; times are UTC. */
export interface AttemptDocument {
  attempt: number;
  attemptId: string;
  origin: Attempt['origin'];
  kioskId: KioskId | null;
  outcome: Outcome;
  sentAt: string | null;
  closedAt: string | null;
  /** Who sent it, `user@host`; null for another system. */
  by: string | null;
  reason: string | null;
  production: Production | null;
  correlationId: string | null;
  traceId: string | null;
}

export function toAttemptDocument(attempt: Attempt): AttemptDocument {
  const { number, id, origin, kioskId, outcome, owner, reason, production, correlationId, traceId } = attempt;
  return {
    attempt: number,
    attemptId: id,
    origin,
    kioskId,
    outcome,
    sentAt: utc(attempt.sentAt),
    closedAt: utc(attempt.closedAt),
    by: origin === 'ours' ? `${owner.user}@${owner.host}` : null,
    reason,
    production,
    correlationId,
    traceId,
  };
}

function utc(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
