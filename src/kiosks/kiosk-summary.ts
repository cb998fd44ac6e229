import type { CardToken, KioskId } from '../domain/ids.ts';
import {
  byAge,
  type CardFailure,
  failureOf,
  isExpiring,
  isUncertain,
  type JournalCard,
  kioskOf,
} from '../domain/selection.ts';
import { redact } from '../domain/text/redaction.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { Hold } from '../journal/journal.ts';

/** Why nothing is sent to a kiosk, and since when, in UTC. */
export interface HoldDocument {
  reason: string;
  /** `user@host`. */
  by: string;
  context: string;
  since: string;
}

/** The state of a kiosk, as far as the journal knows it. Times are UTC. */
export interface KioskOverview {
  kioskId: KioskId;
  /** True if the context has the kiosk. Other kiosks are known by their cards or their hold. */
  inContext: boolean;
  hold: HoldDocument | null;
  /** The owner of the lease on the kiosk. */
  busy: { act: string; by: string; since: string } | null;
  inProgress: number;
  /** Cards that were sent, with an unknown result. */
  unknown: number;
  failed: number;
  /** The most frequent first; null is a failure without a code. */
  failedByErrorCode: { errorCode: string | null; count: number }[];
  /** The card that waits longest since it failed. */
  oldestFailed: OldestFailed | null;
  /** Cards still to be produced with at most 7 days left, failed ones included. */
  expiringSoon: number;
  /** Cards that ran out of days before they were produced: they have to be ordered anew. */
  expired: number;
  lastProducedAt: string | null;
}

export interface OldestFailed {
  profileId: number;
  orderId: number | null;
  cardToken: CardToken | null;
  errorCode: string | null;
  failedAt: string | null;
  daysLeft: number | null;
}

/** The data of a kiosk without its cards. */
export type KioskFacts = Pick<KioskOverview, 'kioskId' | 'inContext' | 'hold' | 'busy' | 'lastProducedAt'>;

/** Puts kiosks and their cards together, in the order of their ids. */
export function overviewOf(kiosks: readonly KioskFacts[], cards: readonly JournalCard[]): KioskOverview[] {
  const byKiosk = Map.groupBy(cards, kioskOf);
  return kiosks
    .map((facts) => describeKiosk(facts, byKiosk.get(facts.kioskId) ?? []))
    .toSorted((left, right) => (left.kioskId < right.kioskId ? -1 : 1));
}

function describeKiosk(facts: KioskFacts, cards: readonly JournalCard[]): KioskOverview {
  const failed = cards.flatMap((one) => {
    const failure = failureOf(one);
    return failure ? [{ ...one, failure }] : [];
  });
  const [oldest] = failed.toSorted(byAge);
  return {
    ...facts,
    inProgress: cards.filter(({ card }) => card.stage === 'in-progress').length,
    unknown: cards.filter(isUncertain).length,
    failed: failed.length,
    failedByErrorCode: countCodes(failed.map(({ failure }) => failure)),
    oldestFailed: oldest ? toOldest(oldest) : null,
    ...countDays(cards),
  };
}

/** Counts cards with few days left, and expired ones. */
export function countDays(cards: readonly JournalCard[]): { expiringSoon: number; expired: number } {
  return {
    expiringSoon: cards.filter(({ card }) => isExpiring(card)).length,
    expired: cards.filter(({ card }) => card.stage === 'expired').length,
  };
}

function countCodes(failures: readonly CardFailure[]): KioskOverview['failedByErrorCode'] {
  const counts = new Map<string | null, number>();
  for (const { errorCode } of failures) counts.set(errorCode, (counts.get(errorCode) ?? 0) + 1);
  return [...counts]
    .map(([errorCode, count]) => ({ errorCode, count }))
    .toSorted((left, right) => right.count - left.count);
}

function toOldest({ card, changedAt, failure }: JournalCard & { failure: CardFailure }): OldestFailed {
  const { profileId, orderId, cardToken, daysLeft } = card;
  const { errorCode } = failure;
  const failedAt = utcTime(changedAt);
  return { profileId, orderId, cardToken, errorCode, failedAt, daysLeft };
}

export function toHoldDocument(hold: Hold | undefined): KioskFacts['hold'] {
  if (!hold) return null;
  const { reason, user, host, context, heldAt } = hold;
  return { reason: redact(reason), by: `${user}@${host}`, context, since: utcTime(heldAt) };
}
