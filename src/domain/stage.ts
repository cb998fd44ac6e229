import { type Attempt, isUnsettled, lagsBehind, lastProductionOf } from './attempt.ts';
import type { Production } from './production.ts';

export const STAGES = [
  'placed',
  'requirements-fulfilled',
  'details-created',
  'ready',
  'in-progress',
  'produced',
  'failed',
  'completed',
  'cancelled',
  'returned',
  'expired',
  'unknown',
] as const;
export type Stage = (typeof STAGES)[number];

/** Days after which a card can never be produced, because Wise obfuscates its data. */
const PRODUCIBLE_DAYS = 60;

const DAY = 86_400_000;

/** The data that determine a card's stage; null for unknown values. */
export interface StageFacts {
  orderStatus: string | null;
  production: Production | null;
  /** The latest attempt in the journal. */
  attempt: Attempt | null;
  /** Milliseconds since the card was created. */
  age: number | null;
}

const BY_ORDER_STATUS = new Map<string | null, Stage>([
  ['PLACED', 'placed'],
  ['REQUIREMENTS_FULFILLED', 'requirements-fulfilled'],
  ['CARD_DETAILS_CREATED', 'details-created'],
]);

/**
 * Returns the stage of a card from the data of Wise and of the journal. Contradictory data are tolerated: a cancelled
 * card in production is `in-progress`, and an undocumented status makes the stage `unknown`.
 */
export function stageOf(facts: StageFacts): Stage {
  const { orderStatus, production, attempt } = facts;
  if (orderStatus === 'COMPLETED') return 'completed';
  const isBeingMade = attempt?.outcome === 'accepted' || attempt?.outcome === 'queued';
  if (production?.status === 'IN_PROGRESS' || isBeingMade) return 'in-progress';
  if (isUnsettled(attempt)) return 'unknown';
  if (orderStatus === 'CANCELLED') return 'cancelled';
  if (orderStatus === 'RETURNED') return 'returned';
  if (production?.status === 'PRODUCED' || orderStatus === 'PRODUCED') return 'produced';
  if (facts.age !== null && facts.age > PRODUCIBLE_DAYS * DAY) return 'expired';
  // An event reported a failure that the API does not show yet: retrying now would be unsafe.
  if (lagsBehind(production, attempt)) return 'unknown';
  if (production) return stageOfProduction(production, attempt);
  return BY_ORDER_STATUS.get(orderStatus) ?? 'unknown';
}

function stageOfProduction(production: Production, attempt: Attempt | null): Stage {
  if (production.status === 'READY') return 'ready';
  if (production.status === 'PRODUCTION_ERROR') return 'failed';
  if (production.status !== 'REQUEST_ERROR') return 'unknown';
  // A refused request leaves the card in its previous state.
  const before = attempt && lastProductionOf(attempt);
  return before?.status === 'PRODUCTION_ERROR' ? 'failed' : 'ready';
}

/** Converts an age in milliseconds to whole days, and to the days left of the 60 in which a card can be produced. */
export function ageInDays(age: number | null): { ageDays: number | null; daysLeft: number | null } {
  if (age === null) return { ageDays: null, daysLeft: null };
  const ageDays = Math.max(0, Math.floor(age / DAY));
  return { ageDays, daysLeft: Math.max(0, PRODUCIBLE_DAYS - ageDays) };
}

/**
 * Returns the time since which a card has at most this number of days left, in milliseconds since the epoch.
 * @param createdAt milliseconds since the epoch; null if it is unknown
 */
export function daysLeftSince(createdAt: number | null, days: number): number | null {
  return createdAt === null ? null : createdAt + (PRODUCIBLE_DAYS - days) * DAY;
}
