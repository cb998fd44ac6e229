import type { Attempt } from './attempt.ts';
import { lookUpError } from './errors/error-catalogue.ts';
import { type CardToken, formatReference } from './ids.ts';
import { type Invocation, nextCommand, toShell } from './next-command.ts';
import { type Requirement, unmetRequirements } from './order.ts';
import type { Production } from './production.ts';
import { ageInDays, type Stage, type StageFacts, stageOf } from './stage.ts';
import { utcTime } from './times/vendor-time.ts';

/** Everything that is known about a card; null for unknown values. */
export interface CardFacts extends StageFacts {
  profileId: number;
  orderId: number | null;
  cardToken: CardToken | null;
  requirements: Requirement[] | null;
  /** Creation of its order as the vendor writes it, if it was read: the card is younger. */
  orderedAt?: string | null;
}

/** A card as every JSON document shows it. */
export interface Card {
  profileId: number;
  orderId: number | null;
  cardToken: CardToken | null;
  orderStatus: string | null;
  stage: Stage;
  /** The number of attempts that this journal knows. */
  attempt: number;
  attemptId: string | null;
  production: Production | null;
  requirements?: Requirement[];
  ageDays: number | null;
  daysLeft: number | null;
  /** The command to run next, shell-quoted; null when nothing is left to do. */
  next: string | null;
  /** The same as a list of arguments; null while a value is missing. */
  nextArgv: string[] | null;
}

/** Describes a card for the output: its stage, its age and the next command. */
export function describeCard(facts: CardFacts, invocation: Invocation): Card {
  const { profileId, orderId, cardToken, orderStatus, production, attempt } = facts;
  const stage = stageOf(facts);
  const next = nextCommand({ ...facts, stage }, invocation);
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
    next: next && toShell(next.argv),
    nextArgv: next?.complete ? next.argv : null,
  };
}

/** The name of a card in messages. */
export function cardLabel(card: Card): string {
  return formatReference(card);
}

/** The next command as a hint. */
export function hintOf(card: Card): string {
  return card.next ?? 'Nothing is left to do.';
}

/** Converts an attempt for JSON documents; times are UTC, and `by` (`user@host`) is null for another system. */
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

/** Describes the status of a card. */
export function describeStage(card: Card): string {
  const kiosk = card.production?.kioskId ? ` on ${card.production.kioskId}` : '';
  const attempt = card.attempt > 0 ? `, attempt ${card.attempt}` : '';
  if (card.stage === 'failed') return `failed${kiosk}${attempt}: ${describeError(card)}`;
  const waiting = unmetRequirements(card.requirements ?? null).map(({ type, status }) => `${type} ${status}`);
  const needs = waiting.length > 0 ? `, waiting for ${waiting.join(', ')}` : '';
  return `${card.stage}${card.stage === 'ready' ? '' : kiosk}${attempt}${needs}`;
}

/** The error code of a card with its one-line meaning; empty when nothing failed. */
export function describeError({ production }: Card): string {
  if (production?.status !== 'PRODUCTION_ERROR') return '';
  const { code, meaning } = lookUpError('production', production.errorCode);
  return `${code}. ${meaning}`;
}
