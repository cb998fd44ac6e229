import { type Attempt, idsOf } from './attempt.ts';
import { type Card, cardLabel, hintOf } from './card.ts';
import { type CatalogueEntry, lookUpError } from './errors/error-catalogue.ts';
import { Failure, type FailureCode, type FailureDetails, failure } from './errors/failure.ts';
import type { ErrorKind } from './errors/vendor-errors.ts';
import type { KioskId } from './ids.ts';
import type { ProduceRequest, Production } from './production.ts';
import { printable } from './text/terminal-text.ts';

/** The request to send, or `unchanged` if nothing has to be sent. */
export type Decision<Request = ProduceRequest> = { send: Request } | 'unchanged';

/** The delivery option of orders that a kiosk can produce. */
export const KIOSK_COLLECTION = 'KIOSK_COLLECTION';

/** The state of a card, read immediately before the decision. */
export interface Seen {
  card: Card;
  deliveryOption: string | null;
  /** The latest attempt in the journal. */
  attempt: Attempt | null;
}

/** Checks that a card may be produced for the first time. @throws Failure with the reason and the next step */
export function guardProduce(seen: Seen, request: ProduceRequest): Decision {
  const { card } = seen;
  refuseActionOnEnded(card);
  refuseOtherDelivery(seen);
  switch (card.stage) {
    case 'ready':
      return { send: request };
    case 'produced':
    case 'completed':
      return 'unchanged';
    case 'in-progress':
      return joinInProgress(seen, request.kioskId);
    case 'failed': {
      const message = `The production of card ${cardLabel(card)} failed. Retry it instead of producing it.`;
      const errorCode = card.production?.errorCode;
      throw failure('wrong-stage', message, hintOf(card), errorCode ? { errorCode } : undefined);
    }
    case 'unknown':
      throw failure('wrong-stage', `The status of card ${cardLabel(card)} is unknown.`, hintOf(card));
    case 'placed':
    case 'requirements-fulfilled':
    case 'details-created':
    case 'cancelled':
    case 'returned':
    case 'expired':
      throw failure('wrong-stage', `Card ${cardLabel(card)} is not ready yet (${card.stage}).`, hintOf(card));
  }
}

/** A retry that the user confirmed. */
interface Retry<Request> {
  /** null until the user has chosen a kiosk. */
  request: Request;
  /** The failed or refused attempt to retry; null if the journal has no attempt. */
  attemptId: string | null;
}

/**
 * Checks that a card may be produced again. The attempt that the user confirmed to retry must still be the latest one;
 * otherwise another user or process is working on the card.
 * @throws Failure with the reason and the next step
 */
export function guardRetry<Request extends ProduceRequest | null>(
  seen: Seen,
  { request, attemptId }: Retry<Request>,
): Decision<Request> {
  const { card, attempt } = seen;
  refuseActionOnEnded(card);
  refuseOtherDelivery(seen);
  if (card.stage === 'produced' || card.stage === 'completed') return 'unchanged';
  if (card.stage === 'in-progress') return joinInProgress(seen, request?.kioskId ?? null);
  const label = cardLabel(card);
  if (card.attemptId !== attemptId) {
    const message = `Another attempt on card ${label} was made in the meantime.`;
    throw failure('attempt-superseded', message, `Check its result: kioskctl status ${label}`);
  }
  const isWithoutEffect = attempt !== null && ['refused', 'not-seen', 'abandoned'].includes(attempt.outcome);
  if (card.stage === 'failed' || (card.stage === 'ready' && isWithoutEffect)) return { send: request };
  throw failure('nothing-to-retry', `Card ${label} did not fail: it is ${card.stage}.`, hintOf(card));
}

/**
 * Rejects a card that can never be produced again. Waits use this; actions use `refuseActionOnEnded`.
 * @throws Failure `order-cancelled`, `order-returned`, `card-expired`
 */
export function refuseEnded(card: Card): void {
  const ended = endedFailure(card);
  if (ended) throw ended;
}

/** Rejects an action on a card that can never be produced again, and marks the failure as a refusal. */
function refuseActionOnEnded(card: Card): void {
  const ended = endedFailure(card);
  if (ended) throw ended.asRefusal();
}

/** Returns the failure of a card that can never be produced again; null for any other card. */
export function endedFailure(card: Card): Failure | null {
  const label = cardLabel(card);
  if (card.stage === 'cancelled')
    return failure('order-cancelled', `The order of card ${label} is cancelled.`, hintOf(card));
  if (card.stage === 'returned')
    return failure('order-returned', `The card ${label} was returned.`, hintOf(card));
  if (card.stage !== 'expired') return null;
  const message = `Card ${label} is ${card.ageDays} days old: after 60 its data are gone, and it can't be produced.`;
  const hint = `Cancel its order, which still counts towards the card limit of the customer, then order the card again. Next: ${hintOf(card)}`;
  return failure('card-expired', message, hint);
}

/** Refuses a card whose order is not for collection at a kiosk. @throws Failure `not-a-kiosk-order` */
export function refuseOtherDelivery({ card, deliveryOption }: Pick<Seen, 'card' | 'deliveryOption'>): void {
  if (deliveryOption === null || deliveryOption === KIOSK_COLLECTION) return;
  const message = `Card ${cardLabel(card)} is delivered by ${deliveryOption}, not at a kiosk.`;
  throw failure('not-a-kiosk-order', message, 'Order a card for a kiosk: kioskctl order.');
}

/**
 * Accepts a card that is already in production at the requested kiosk.
 * @throws Failure `attempt-open` for another kiosk
 */
function joinInProgress({ card, attempt }: Seen, kioskId: KioskId | null): 'unchanged' {
  const current =
    card.production?.status === 'IN_PROGRESS' ? card.production.kioskId : (attempt?.kioskId ?? null);
  if (current !== null && current === kioskId) return 'unchanged';
  const message = `Card ${cardLabel(card)} is being produced on kiosk ${current ?? 'unknown'}.`;
  throw failure('attempt-open', message, hintOf(card));
}

/** Creates the failure for a card whose production failed. */
export function productionFailed(card: Card): Failure {
  const { production } = card;
  const what = `The production of card ${cardLabel(card)} on kiosk ${production?.kioskId ?? 'unknown'} failed`;
  return explained(card, { kind: 'production', production, what });
}

/** Creates the failure for a refused request, which did not change the card. */
export function productionRefused(
  card: Card,
  refusal: Production | null,
  details: FailureDetails = {},
): Failure {
  const kiosk = refusal?.kioskId ?? 'unknown';
  const what = `The request to produce card ${cardLabel(card)} on kiosk ${kiosk} was refused`;
  return explained(card, { kind: 'request', production: refusal, what, details });
}

/**
 * Creates the failure for a produce request without a response.
 * @param options.signal the signal that ended the command
 * @param options.cause the error that prevented the check of the result
 */
export function outcomeUnknown(
  card: Card,
  attempt: Attempt,
  { signal, cause }: { signal?: Failure; cause?: Failure | undefined } = {},
): Failure {
  const message = `The request to produce card ${cardLabel(card)} may have been accepted.`;
  return failure(
    'outcome-unknown',
    [
      ...(signal ? [signal.message] : []),
      message,
      ...(cause ? [`The check failed: ${cause.message}`] : []),
    ].join(' '),
    `Check it first: ${hintOf(card)}`,
    { ...cause?.details, ...idsOf(attempt) },
  );
}

/** Reasons, by failure code, for attempts that had no effect and have no Wise error code. */
const END_REASONS: Partial<Record<FailureCode, string>> = {
  'credentials-refused': 'Wise refused the credentials or the access to the profile',
  'approval-required': "Wise requires the user's own approval",
  'not-found': 'Wise has no such profile or card',
  'rate-limited': 'Wise was limiting requests',
  unreachable: 'there was no connection, so nothing was sent',
};

/** Recreates the failure that the command reported for an attempt without effect. */
export function attemptRefused(card: Card, attempt: Attempt): Failure {
  const { endCode, httpStatus, number, kioskId, production } = attempt;
  const details = { ...(httpStatus !== null && { httpStatus }), ...idsOf(attempt) };
  if (production !== null || endCode === 'production-refused')
    return productionRefused(card, production, details);
  const status = httpStatus === null ? '' : ` (HTTP ${httpStatus})`;
  const reason = endCode === null ? 'its cause was not recorded' : (END_REASONS[endCode] ?? endCode);
  return failure(
    endCode ?? 'rejected',
    `Attempt ${number} on card ${cardLabel(card)} at kiosk ${kioskId} had no effect: ${reason}${status}.`,
    `Once the cause is fixed, run: ${hintOf(card)}`,
    details,
  );
}

interface Explanation {
  kind: ErrorKind;
  production: Production | null;
  what: string;
  details?: FailureDetails;
}

function explained(card: Card, { kind, production, what, details }: Explanation): Failure {
  const entry = lookUpError(kind, production?.errorCode ?? null);
  const errorCode = printable(entry.code);
  const code = kind === 'request' ? 'production-refused' : 'production-failed';
  return new Failure(code, `${what}: ${errorCode}. ${entry.meaning}`, {
    hint: card.next ? `${entry.nextStep} Next: ${card.next}` : entry.nextStep,
    details: { ...details, errorCode },
    exitCode: entry.exitCode,
  });
}

/** Creates the failure for a retry that the catalogue or the runbook forbids. */
export function neverAgain(card: Card, { code, meaning, nextStep, exitCode }: CatalogueEntry): Failure {
  const errorCode = printable(code);
  const message = `Card ${cardLabel(card)} can't be produced again: ${errorCode}. ${meaning}`;
  return new Failure('production-failed', message, {
    hint: nextStep,
    details: { errorCode },
    exitCode,
  }).asRefusal();
}
