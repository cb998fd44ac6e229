import type { Attempt } from './attempt.ts';
import type { Card } from './card.ts';
import type { ErrorKind } from './errors/vendor-errors.ts';
import type { KioskId } from './ids.ts';
import type { Stage } from './stage.ts';

/** A card as the journal knows it, without a read of the API. */
export interface JournalCard {
  card: Card;
  /** The latest attempt that was sent or observed. */
  attempt: Attempt | null;
  /** Time of the last change of its production, in milliseconds since the epoch. */
  changedAt: number | null;
}

/** A filter for the cards of the journal: criteria are ANDed, the values of a list are ORed. */
export interface Selection {
  kioskIds?: readonly KioskId[];
  /** Error codes of a failed production or a refused request. */
  errorCodes?: readonly string[];
  stages?: readonly Stage[];
  /** True for cards that failed in the kiosk or were refused by it. */
  isFailed?: boolean;
  /** Maximum days left. Selects only cards that are not produced yet. */
  expiringDays?: number;
  /** The earliest change of the production, in milliseconds since the epoch. */
  since?: number;
  /** Selects unfinished cards, and those whose production changed since this time, in milliseconds since the epoch. */
  currentSince?: number;
}

/** The error of a card, of its production or of its request. */
export interface CardFailure {
  kind: ErrorKind;
  /** The code as Wise wrote it; null without a code. */
  errorCode: string | null;
}

/** The current or last kiosk of the card. */
export function kioskOf({ card, attempt }: JournalCard): KioskId | null {
  return card.production?.kioskId ?? attempt?.kioskId ?? null;
}

/** Returns the last error of the card; null if it did not fail. */
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
  const { kioskIds, errorCodes, stages, isFailed, expiringDays, since, currentSince } = selection;
  const { card, changedAt } = one;
  const failure = failureOf(one);
  const kioskId = kioskOf(one);
  if (kioskIds && (kioskId === null || !kioskIds.includes(kioskId))) return false;
  if (stages && !stages.includes(card.stage)) return false;
  if (isFailed && failure === null) return false;
  if (errorCodes && !errorCodes.includes(failure?.errorCode ?? '')) return false;
  if (since !== undefined && (changedAt === null || changedAt < since)) return false;
  const isCurrent = PRODUCIBLE.has(card.stage) || (changedAt ?? 0) >= (currentSince ?? 0);
  if (!isCurrent) return false;
  if (expiringDays === undefined) return true;
  return PRODUCIBLE.has(card.stage) && card.daysLeft !== null && card.daysLeft <= expiringDays;
}

/** True if a selection matches only cards that are not finished. */
export function isOfUnfinished({ stages, isFailed, errorCodes, expiringDays }: Selection): boolean {
  const isOfStages = stages?.every((stage) => PRODUCIBLE.has(stage)) ?? false;
  return isOfStages || isFailed === true || errorCodes !== undefined || expiringDays !== undefined;
}

/** Sorts by the last change of the production, oldest first; cards without a time come last. */
export function byAge(left: JournalCard, right: JournalCard): number {
  return (left.changedAt ?? Number.MAX_SAFE_INTEGER) - (right.changedAt ?? Number.MAX_SAFE_INTEGER);
}

/** The days left of an expiring card. */
const EXPIRING_DAYS = 7;

/** True if the card is still to be produced, and only a few days are left for it. */
export function isExpiring({ stage, daysLeft }: Card): boolean {
  return stage !== 'expired' && PRODUCIBLE.has(stage) && daysLeft !== null && daysLeft <= EXPIRING_DAYS;
}

/**
 * Sorts by urgency: uncertain attempts, failed cards, expiring and expired cards, cards in progress, other unfinished
 * cards, finished cards. Equally urgent cards are sorted by days left, then by age.
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

/** True if a card was sent and its result is unknown. */
export function isUncertain({ card, attempt }: JournalCard): boolean {
  return card.stage === 'unknown' && attempt !== null;
}
