import type { Attempt } from './attempt.ts';
import type { Card } from './card.ts';
import type { ErrorKind } from './errors/vendor-errors.ts';
import type { KioskId } from './ids.ts';
import type { Stage } from './stage.ts';

/** A card as the journal knows it, without a look at the API. */
export interface JournalCard {
  card: Card;
  /** The latest that was sent, or seen. */
  attempt: Attempt | null;
  /** When its production moved last, in milliseconds since the epoch. */
  changedAt: number | null;
}

/** Which of the journal's cards are meant; all of what is given must hold, and one of each list. */
export interface Selection {
  kioskIds?: readonly KioskId[];
  /** Of the failure, production's or request's. */
  errorCodes?: readonly string[];
  stages?: readonly Stage[];
  /** Failed in the kiosk, or refused by it. */
  isFailed?: boolean;
  /** Still to be produced, with at most so many days left. */
  expiringDays?: number;
  /** Whose production moved at this time or later, in milliseconds since the epoch. */
  since?: number;
}

/** Why a card failed: in the kiosk, or because the request was refused. */
export interface CardFailure {
  kind: ErrorKind;
  /** As the vendor wrote it; null when it gave none. */
  errorCode: string | null;
}

/** The kiosk that has the card, or had it last. */
export function kioskOf({ card, attempt }: JournalCard): KioskId | null {
  return card.production?.kioskId ?? attempt?.kioskId ?? null;
}

/** What the card failed with last; null for one that did not fail. */
export function failureOf({ card, attempt }: JournalCard): CardFailure | null {
  const wasRefused = attempt?.outcome === 'refused' && attempt.production !== null;
  if (wasRefused && (card.stage === 'ready' || card.stage === 'failed'))
    return { kind: 'request', errorCode: attempt.production?.errorCode ?? null };
  if (card.stage !== 'failed') return null;
  return { kind: 'production', errorCode: card.production?.errorCode ?? null };
}

const PRODUCIBLE = new Set<Stage>([
  'placed',
  'requirements-fulfilled',
  'details-created',
  'ready',
  'in-progress',
  'failed',
  'expired',
  'unknown',
]);

export function isSelected(one: JournalCard, selection: Selection): boolean {
  const { kioskIds, errorCodes, stages, isFailed, expiringDays, since } = selection;
  const { card, changedAt } = one;
  const failure = failureOf(one);
  const kioskId = kioskOf(one);
  if (kioskIds && (kioskId === null || !kioskIds.includes(kioskId))) return false;
  if (stages && !stages.includes(card.stage)) return false;
  if (isFailed && failure === null) return false;
  if (errorCodes && !errorCodes.includes(failure?.errorCode ?? '')) return false;
  if (since !== undefined && (changedAt === null || changedAt < since)) return false;
  if (expiringDays === undefined) return true;
  return PRODUCIBLE.has(card.stage) && card.daysLeft !== null && card.daysLeft <= expiringDays;
}

/** Is a selection only of cards that still need something? */
export function isOfUnfinished({ stages, isFailed, errorCodes, expiringDays }: Selection): boolean {
  const isOfStages = stages?.every((stage) => PRODUCIBLE.has(stage)) ?? false;
  return isOfStages || isFailed === true || errorCodes !== undefined || expiringDays !== undefined;
}

/** Oldest first: whose production moved first has waited longest. Those without a time come last. */
export function byAge(left: JournalCard, right: JournalCard): number {
  return (left.changedAt ?? Number.MAX_SAFE_INTEGER) - (right.changedAt ?? Number.MAX_SAFE_INTEGER);
}

/** Within so many days a card is about to run out of them. */
const EXPIRING_DAYS = 7;

/** Still to be produced, and about to run out of the days in which it can be; those that did are `expired`. */
export function isExpiring({ stage, daysLeft }: Card): boolean {
  return stage !== 'expired' && PRODUCIBLE.has(stage) && daysLeft !== null && daysLeft <= EXPIRING_DAYS;
}

/**
 * What needs somebody first: attempts that nobody knows the end of, then failed cards, those that run out of days or did,
 * those in progress, the rest, and last what came to its end. Among equals, the fewest days left, then the oldest.
 */
export function byUrgency(left: JournalCard, right: JournalCard): number {
  return (
    urgencyOf(left) - urgencyOf(right) ||
    (left.card.daysLeft ?? Number.MAX_SAFE_INTEGER) - (right.card.daysLeft ?? Number.MAX_SAFE_INTEGER) ||
    byAge(left, right)
  );
}

function urgencyOf(one: JournalCard): number {
  const { card } = one;
  if (isUncertain(one)) return 0;
  if (failureOf(one)) return 1;
  if (card.stage === 'in-progress') return 3;
  if (card.stage === 'expired' || isExpiring(card)) return 2;
  return PRODUCIBLE.has(card.stage) ? 4 : 5;
}

/** Was a card sent, and nobody knows yet what came of it? */
export function isUncertain({ card, attempt }: JournalCard): boolean {
  return card.stage === 'unknown' && attempt !== null;
}
