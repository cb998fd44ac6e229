import type { Attempt } from './attempt.ts';
import type { Card } from './card.ts';
import type { ErrorKind } from './error-row.ts';
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
  kioskIds?: readonly string[];
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
export function kioskOf({ card, attempt }: JournalCard): string | null {
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
  if (kioskIds && !kioskIds.includes(kioskOf(one) ?? '')) return false;
  if (stages && !stages.includes(card.stage)) return false;
  if (isFailed && failure === null) return false;
  if (errorCodes && !errorCodes.includes(failure?.errorCode ?? '')) return false;
  if (since !== undefined && (changedAt === null || changedAt < since)) return false;
  if (expiringDays === undefined) return true;
  return PRODUCIBLE.has(card.stage) && card.daysLeft !== null && card.daysLeft <= expiringDays;
}

/** Oldest first: whose production moved first has waited longest. Those without a time come last. */
export function byAge(left: JournalCard, right: JournalCard): number {
  return (left.changedAt ?? Number.MAX_SAFE_INTEGER) - (right.changedAt ?? Number.MAX_SAFE_INTEGER);
}
