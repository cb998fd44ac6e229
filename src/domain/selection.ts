import type { Attempt } from './attempt.ts';
import type { Card } from './card.ts';
import type { ErrorKind } from './errors/vendor-errors.ts';
import type { KioskId } from './ids.ts';
import type { Stage } from './stage.ts';

/** A card with the data that the journal has of it. */
export interface JournalCard {
  card: Card;
  /** The latest attempt that was sent, or observed in Wise's data. */
  attempt: Attempt | null;
  /** Time of the last production change, in milliseconds since the epoch. */
  changedAt: number | null;
  /** Creation time of the card, in milliseconds since the epoch. */
  createdAt: number | null;
}

/** A filter for the cards of the journal. Fields are ANDed, the values of a list ORed. */
export interface Selection {
  kioskIds?: readonly KioskId[];
  /** Error codes of failed productions and refused requests. */
  errorCodes?: readonly string[];
  stages?: readonly Stage[];
  /** True to select cards whose production failed or was refused. */
  isFailed?: boolean;
  /** Maximum number of days left. Selects only cards that are not produced yet. */
  expiringDays?: number;
  /** Earliest production change, in milliseconds since the epoch. */
  since?: number;
  /** Selects unfinished cards, and cards whose production changed since this time, in milliseconds since the epoch. */
  currentSince?: number;
}

/** The error of a card's production or request. */
export interface CardFailure {
  kind: ErrorKind;
  /** Code in Wise's spelling; null if Wise sent none. */
  errorCode: string | null;
}

/** Returns the kiosk of the card's current or last attempt. */
export function kioskOf({ card, attempt }: JournalCard): KioskId | null {
  return card.production?.kioskId ?? attempt?.kioskId ?? null;
}

/** Returns the last error of a card; null if it did not fail. */
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

/** True if a selection excludes finished cards. */
export function isOfUnfinished({ stages, isFailed, errorCodes, expiringDays }: Selection): boolean {
  const isOfStages = stages?.every((stage) => PRODUCIBLE.has(stage)) ?? false;
  return isOfStages || isFailed === true || errorCodes !== undefined || expiringDays !== undefined;
}

/** Comparator by the last production change, oldest first. Cards without a time are last. */
export function byAge(left: JournalCard, right: JournalCard): number {
  return (left.changedAt ?? Number.MAX_SAFE_INTEGER) - (right.changedAt ?? Number.MAX_SAFE_INTEGER);
}

/** Maximum number of days left at which a card counts as expiring. */
const EXPIRING_DAYS = 7;

/** True if a card is not produced yet and expires within a few days. */
export function isExpiring({ stage, daysLeft }: Card): boolean {
  return stage !== 'expired' && PRODUCIBLE.has(stage) && daysLeft !== null && daysLeft <= EXPIRING_DAYS;
}

/**
 * Comparator by urgency: uncertain attempts, failed cards, expiring and expired cards, cards in progress, other
 * unfinished cards, finished cards. Equal cards are sorted by days left, then by age.
 */
export function byUrgency(left: JournalCard, right: JournalCard): number {
  return (
    urgencyOf(left) - urgencyOf(right) ||
    (left.card.daysLeft ?? Number.MAX_SAFE_INTEGER) - (right.card.daysLeft ?? Number.MAX_SAFE_INTEGER) ||
    byAge(left, right)
  );
}

/** Returns the most urgent cards, the most urgent one first. Much faster than sorting thousands of cards. */
export function mostUrgent(cards: Iterable<JournalCard>, count: number): JournalCard[] {
  const found: JournalCard[] = [];
  for (const one of cards) {
    const last = found[count - 1];
    if (last && byUrgency(one, last) >= 0) continue;
    const place = found.findIndex((other) => byUrgency(one, other) < 0);
    found.splice(place === -1 ? found.length : place, 0, one);
    found.length = Math.min(found.length, count);
  }
  return found;
}

function urgencyOf(one: JournalCard): number {
  const { card } = one;
  if (isUncertain(one)) return 0;
  if (failureOf(one)) return 1;
  if (card.stage === 'in-progress') return 3;
  if (card.stage === 'expired' || isExpiring(card)) return 2;
  return PRODUCIBLE.has(card.stage) ? 4 : 5;
}

/** True if somebody must act on a card: its request is uncertain, it failed, or it expires soon or has expired. */
export function needsAttention(one: JournalCard): boolean {
  return urgencyOf(one) < 3;
}

/** True if a produce request was sent and its result is unknown. */
export function isUncertain({ card, attempt }: JournalCard): boolean {
  return card.stage === 'unknown' && attempt !== null;
}
