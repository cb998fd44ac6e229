import type { Attempt } from './attempt.ts';
import { lookUpError } from './errors/error-catalogue.ts';
import { type CardToken, formatReference } from './ids.ts';
import { type Invocation, nextCommand, toShell } from './next-command.ts';
import { type Requirement, unmetRequirements } from './order.ts';
import type { Production } from './production.ts';
import { ageInDays, type Stage, type StageFacts, stageOf } from './stage.ts';
import { utcTime } from './times/vendor-time.ts';

/** All data about a card from the API and the journal; null for unknown values. */
export interface CardFacts extends StageFacts {
  profileId: number;
  orderId: number | null;
  cardToken: CardToken | null;
  requirements: Requirement[] | null;
  /** Creation time of the order in Wise's format, if it was read. The card is created later. */
  orderedAt?: string | null;
}

/** A card in JSON documents. */
export interface Card {
  profileId: number;
  orderId: number | null;
  cardToken: CardToken | null;
  orderStatus: string | null;
  stage: Stage;
  /** Number of attempts that the journal has for the card. */
  attempt: number;
  attemptId: string | null;
  production: Production | null;
  requirements?: Requirement[];
  ageDays: number | null;
  daysLeft: number | null;
  /** Shell-quoted command to run next; null if the card needs no further command. */
  next: string | null;
  /** `next` as a list of arguments; null while the command contains a placeholder. */
  nextArgv: string[] | null;
}

/** Derives the stage, age and next command of a card. */
export function describeCard(facts: CardFacts, invocation: Invocation): Card {
  const { profileId, orderId, cardToken, orderStatus, production, attempt } = facts;
  const stage = stageOf(facts);
  const nextOf = () => nextCommand({ ...facts, stage }, invocation);
  return {
    profileId,
    orderId,
    cardToken,
    orderStatus,
    stage,
    attempt: attempt?.number ?? 0,
    attemptId: attempt?.id ?? null,
    production,
    ...(facts.requirements && { requirements: facts.requirements }),
    ...ageInDays(facts.age),
    // Derived on demand: a list of thousands of cards mostly needs their stages only.
    get next() {
      const next = nextOf();
      return next && toShell(next.argv);
    },
    get nextArgv() {
      const next = nextOf();
      return next?.complete ? next.argv : null;
    },
  };
}

/** Returns the label of a card in messages: its reference. */
export function cardLabel(card: Card): string {
  return formatReference(card);
}

/** Returns a hint with the next command of a card. */
export function hintOf(card: Card): string {
  return card.next ?? 'Nothing is left to do.';
}

/**
 * Converts an attempt to its JSON form. Times are ISO 8601 in UTC; `by` is `user@host`, or null for an attempt of
 * another system.
 */
export function toAttemptDocument(attempt: Attempt) {
  const { number, id, origin, kioskId, outcome, owner, reason, production, ...rest } = attempt;
  const { correlationId, traceId, httpStatus, endCode } = rest;
  return {
    attempt: number,
    attemptId: id,
    origin,
    kioskId,
    outcome,
    sentAt: utcTime(attempt.sentAt),
    closedAt: utcTime(attempt.closedAt),
    by: origin === 'ours' ? `${owner.user}@${owner.host}` : null,
    reason,
    production,
    correlationId,
    traceId,
    httpStatus,
    endCode,
  };
}

export type AttemptDocument = ReturnType<typeof toAttemptDocument>;

/** Returns the stage of a card in words. */
export function describeStage(card: Card): string {
  const kiosk = card.production?.kioskId ? ` on ${card.production.kioskId}` : '';
  const attempt = card.attempt > 0 ? `, attempt ${card.attempt}` : '';
  if (card.stage === 'failed') return `failed${kiosk}${attempt}: ${describeError(card)}`;
  const waiting = unmetRequirements(card.requirements ?? null).map(({ type, status }) => `${type} ${status}`);
  const needs = waiting.length > 0 ? `, waiting for ${waiting.join(', ')}` : '';
  return `${card.stage}${card.stage === 'ready' ? '' : kiosk}${attempt}${needs}`;
}

/** Formats the error code of a card with its short meaning; empty without an error. */
export function describeError({ production }: Card): string {
  if (production?.status !== 'PRODUCTION_ERROR') return '';
  const { code, meaning } = lookUpError('production', production.errorCode);
  return `${code}. ${meaning}`;
}
