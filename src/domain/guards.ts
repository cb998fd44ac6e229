import { type Attempt, refusedForGood } from './attempt.ts';
import { type Card, codeOf, hintOf, name } from './card.ts';
import { type CatalogueEntry, lookUpError } from './errors/error-catalogue.ts';
import { Failure, type FailureDetails } from './errors/failure.ts';
import type { ErrorKind } from './errors/vendor-errors.ts';
import type { KioskId } from './ids.ts';
import type { Production } from './production.ts';
import { printable } from './text/terminal-text.ts';

/** What a guard decides: send the card to a kiosk, or leave it, because it is where the user wants it. */
export type Decision<Kiosk = KioskId> = { send: Kiosk } | 'unchanged';

/** The delivery option of the orders that a kiosk can produce. */
export const KIOSK_COLLECTION = 'KIOSK_COLLECTION';

/** What a guard looks at, read right before it decides. */
export interface Seen {
  card: Card;
  deliveryOption: string | null;
  /** The latest attempt. */
  attempt: Attempt | null;
}

/**
 * May this card be produced now, for the first time?
 * @throws Failure saying why not, with the next step
 */
export function guardProduce(seen: Seen, kioskId: KioskId): Decision {
  const { card } = seen;
  refuseEnded(card);
  refuseOtherDelivery(seen);
  switch (card.stage) {
    case 'ready':
      refuseRefusedForGood(seen);
      return { send: kioskId };
    case 'produced':
    case 'completed':
      return 'unchanged';
    case 'in-progress':
      return joinInProgress(seen, kioskId);
    case 'failed':
      throw new Failure(
        'wrong-stage',
        `The production of card ${name(card)} failed: it is retried, not produced.`,
        {
          hint: hintOf(card),
          ...codeOf(card),
        },
      );
    case 'placed':
    case 'requirements-fulfilled':
    case 'details-created':
    case 'cancelled':
    case 'returned':
    case 'expired':
    case 'unknown':
      throw notReady(card);
  }
}

/** What a retry is about to repeat, as it was when the user approved it. */
export interface Retry<Kiosk> {
  /** null while the user has not chosen one. */
  kioskId: Kiosk;
  /** The attempt that failed or was refused; null when the journal knows none. */
  attemptId: string | null;
}

/**
 * May this card be produced again? Only the attempt that was looked at before may be repeated: when another was made
 * meanwhile, somebody else is at it.
 * @throws Failure saying why not, with the next step
 */
export function guardRetry<Kiosk extends KioskId | null>(
  seen: Seen,
  { kioskId, attemptId }: Retry<Kiosk>,
): Decision<Kiosk> {
  const { card } = seen;
  refuseEnded(card);
  refuseOtherDelivery(seen);
  if (card.stage === 'produced' || card.stage === 'completed') return 'unchanged';
  if (card.stage === 'in-progress') return joinInProgress(seen, kioskId);
  if (card.attemptId !== attemptId) {
    throw new Failure('attempt-superseded', `Another attempt on card ${name(card)} was made meanwhile.`, {
      hint: `See what came of it: kioskctl status ${name(card)}`,
    });
  }
  if (card.stage === 'failed' || (card.stage === 'ready' && mayBeRepeated(seen.attempt)))
    return { send: kioskId };
  throw nothingToRetry(card);
}

/** Was an attempt refused, not seen, or given up? Then nothing came of it. */
function mayBeRepeated(attempt: Attempt | null): boolean {
  return attempt !== null && ['refused', 'not-seen', 'abandoned'].includes(attempt.outcome);
}

/** What the catalogue says is never to be sent again. @throws Failure `production-failed` */
function refuseRefusedForGood({ card, attempt }: Seen): void {
  const entry = refusedForGood(attempt);
  if (entry) throw neverAgain(card, entry);
}

function nothingToRetry(card: Card): Failure {
  return new Failure('nothing-to-retry', `Card ${name(card)} did not fail: it is ${card.stage}.`, {
    hint: hintOf(card),
  });
}

/** A card that ended can never be produced again. @throws Failure `order-cancelled`, `order-returned`, `card-expired` */
export function refuseEnded(card: Card): void {
  if (card.stage === 'cancelled') {
    throw new Failure('order-cancelled', `The order of card ${name(card)} is cancelled.`, {
      hint: hintOf(card),
    });
  }
  if (card.stage === 'returned') {
    throw new Failure('order-returned', `The card ${name(card)} was returned.`, { hint: hintOf(card) });
  }
  if (card.stage === 'expired') {
    const message = `The card ${name(card)} is ${card.ageDays} days old: after 60 its data are gone, and it can't be produced.`;
    throw new Failure('card-expired', message, { hint: hintOf(card) });
  }
}

/** @throws Failure `not-a-kiosk-order` */
export function refuseOtherDelivery({ card, deliveryOption }: Pick<Seen, 'card' | 'deliveryOption'>): void {
  if (deliveryOption === null || deliveryOption === KIOSK_COLLECTION) return;
  throw new Failure(
    'not-a-kiosk-order',
    `Card ${name(card)} is delivered by ${deliveryOption}, not at a kiosk.`,
    {
      hint: 'Order a card for a kiosk: kioskctl order.',
    },
  );
}

/** The same kiosk is making it already: then it is as wanted. @throws Failure `attempt-open` for another kiosk */
function joinInProgress({ card, attempt }: Seen, kioskId: KioskId | null): 'unchanged' {
  const current =
    card.production?.status === 'IN_PROGRESS' ? card.production.kioskId : (attempt?.kioskId ?? null);
  if (current !== null && current === kioskId) return 'unchanged';
  throw new Failure(
    'attempt-open',
    `Card ${name(card)} is being produced on kiosk ${current ?? 'unknown'}.`,
    {
      hint: hintOf(card),
    },
  );
}

function notReady(card: Card): Failure {
  const message =
    card.stage === 'unknown'
      ? `It can't be told where card ${name(card)} stands.`
      : `Card ${name(card)} is not ready yet (${card.stage}).`;
  return new Failure('wrong-stage', message, { hint: hintOf(card) });
}

/** The current attempt ended without a card. The catalogue says who acts and what the exit code is. */
export function productionFailed(card: Card): Failure {
  const production = card.production;
  return explained(card, {
    code: 'production-failed',
    kind: 'production',
    production,
    what: `The production of card ${name(card)} on kiosk ${production?.kioskId ?? 'unknown'} failed`,
  });
}

/** The vendor refused the request; the card is as it was before. */
export function productionRefused(
  card: Card,
  refusal: Production | null,
  details: FailureDetails = {},
): Failure {
  return explained(card, {
    code: 'production-refused',
    kind: 'request',
    production: refusal,
    what: `The request to produce card ${name(card)} on kiosk ${refusal?.kioskId ?? 'unknown'} was refused`,
    details,
  });
}

interface Explanation {
  code: 'production-failed' | 'production-refused';
  kind: ErrorKind;
  production: Production | null;
  what: string;
  details?: FailureDetails;
}

function explained(card: Card, { code, kind, production, what, details }: Explanation): Failure {
  const entry = lookUpError(kind, production?.errorCode ?? null);
  const errorCode = printable(entry.code);
  return new Failure(code, `${what}: ${errorCode}. ${entry.meaning}`, {
    hint: entry.retry === 'never' || !card.next ? entry.nextStep : `${entry.nextStep} Next: ${card.next}`,
    details: { ...details, errorCode },
    exitCode: entry.exitCode,
  });
}

/** A retry that the catalogue forbids. */
export function neverAgain(card: Card, { code, meaning, nextStep, exitCode }: CatalogueEntry): Failure {
  const errorCode = printable(code);
  return new Failure(
    'production-failed',
    `Card ${name(card)} can't be produced again: ${errorCode}. ${meaning}`,
    {
      hint: nextStep,
      details: { errorCode },
      exitCode,
    },
  );
}
