import { lookUpError } from '../domain/errors/error-catalogue.ts';
import type { KioskId } from '../domain/ids.ts';
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
import { isHeldLong } from '../domain/times/hold-times.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { Hold } from '../journal/journal.ts';

/** A kiosk without its cards. Times are UTC. */
export interface KioskFacts {
  kioskId: KioskId;
  /** True if the context lists the kiosk. Other kiosks are known from their cards or hold. */
  inContext: boolean;
  hold: ReturnType<typeof toCurrentHold>;
  /** The process that owns the lease on the kiosk, and its action; null for none. */
  busy: { act: string; by: string; since: string } | null;
  lastProducedAt: string | null;
}

/** A kiosk, with counts of its cards in the journal. */
export type KioskOverview = ReturnType<typeof describeKiosk>;

/** Summarizes kiosks and their cards, sorted by kiosk id. */
export function overviewOf(kiosks: readonly KioskFacts[], cards: readonly JournalCard[]): KioskOverview[] {
  const byKiosk = Map.groupBy(cards, kioskOf);
  return kiosks
    .map((facts) => describeKiosk(facts, byKiosk.get(facts.kioskId) ?? []))
    .toSorted((left, right) => (left.kioskId < right.kioskId ? -1 : 1));
}

function describeKiosk(facts: KioskFacts, cards: readonly JournalCard[]) {
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
    failedByErrorCode: failureCounts(failed.map(({ failure }) => failure)).map(({ errorCode, count }) => ({
      errorCode,
      count,
    })),
    oldestFailed: oldest ? toOldest(oldest) : null,
    ...countDays(cards),
  };
}

/** Counts the unproduced cards that expire soon, and those that have expired. */
export function countDays(cards: readonly JournalCard[]): { expiringSoon: number; expired: number } {
  return {
    expiringSoon: cards.filter(({ card }) => isExpiring(card)).length,
    expired: cards.filter(({ card }) => card.stage === 'expired').length,
  };
}

/** Counts failures by error code, most frequent first. The code null stands for failures without a code. */
function failureCounts(failures: readonly CardFailure[]): (CardFailure & { count: number })[] {
  return [...Map.groupBy(failures, ({ kind, errorCode }) => `${kind} ${errorCode}`).values()]
    .flatMap((same) => same.slice(0, 1).map((failure) => ({ ...failure, count: same.length })))
    .toSorted((left, right) => right.count - left.count);
}

/** Returns the failures of cards by error code with their catalogue entries, most frequent first. */
export function describeFailures(cards: readonly JournalCard[]) {
  return failureCounts(cards.flatMap((one) => failureOf(one) ?? [])).map(({ kind, errorCode, count }) => {
    const { meaning, nextStep, actor, retry } = lookUpError(kind, errorCode);
    return { kind, errorCode, count, meaning, nextStep, actor, retry };
  });
}

/** Returns the next command for a kiosk, without flags of the context; null if there is nothing to do. */
export function nextWords({ kioskId, failed, hold, unknown, inProgress }: KioskOverview): string[] | null {
  if (failed > 0) return ['kiosk', 'recover', kioskId];
  if (hold) return ['kiosk', 'release', kioskId];
  if (unknown > 0) return ['status', '--kiosk', kioskId];
  return inProgress > 0 ? ['status', '--kiosk', kioskId, '--watch'] : null;
}

function toOldest({ card, changedAt, failure }: JournalCard & { failure: CardFailure }) {
  const { profileId, orderId, cardToken, daysLeft } = card;
  const { errorCode } = failure;
  const failedAt = utcTime(changedAt);
  return { profileId, orderId, cardToken, errorCode, failedAt, daysLeft };
}

/** Converts the current hold of a kiosk to its JSON form. `long`: true after 24 hours. */
export function toCurrentHold(hold: Hold | undefined, now: number) {
  const document = toHoldDocument(hold);
  return document && hold ? { ...document, long: isHeldLong(hold, now) } : null;
}

/** Converts a hold to its JSON form. `by` is `user@host`. */
export function toHoldDocument(hold: Hold | undefined) {
  if (!hold) return null;
  const { reason, user, host, context, heldAt, endsAt } = hold;
  return {
    reason: redact(reason),
    by: `${user}@${host}`,
    context,
    since: utcTime(heldAt),
    until: utcTime(endsAt),
  };
}
