import { isOpen } from '../../domain/attempt.ts';
import type { Card } from '../../domain/card.ts';
import type { CatalogueEntry } from '../../domain/errors/error-catalogue.ts';
import type { Failure } from '../../domain/errors/failure.ts';
import { type Decision, endedFailure, guardRetry, neverAgain, type Seen } from '../../domain/guards.ts';
import { type CardIdentity, identityOf, type KioskId } from '../../domain/ids.ts';
import { isLater, isSameProduction, type ProduceRequest, type Production } from '../../domain/production.ts';
import { byAge, type JournalCard, kioskOf } from '../../domain/selection.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';

/**
 * The position of a card in the sequence of a retry. `joined`: another command sent the card, and the retry waits for
 * its result first. `first`: no earlier retry of this selection sent the card. `again`: an earlier retry of this
 * selection sent the card and it failed, so it comes last.
 */
export type Turn = 'joined' | 'first' | 'again';

const TURNS: readonly Turn[] = ['joined', 'first', 'again'];

/** A card to retry, or to wait for. */
export interface RetryCandidate {
  one: JournalCard;
  turn: Turn;
  /** Catalogue entry of the card's error. */
  entry: CatalogueEntry;
}

/** A planned card. It is also a request for the executor (`forEachCard`). */
export interface PlannedRetry extends RetryCandidate, CardIdentity {
  kioskId: KioskId;
  /**
   * True for a card that a server sent for its plan before it was killed. If Wise shows no sign of the request, the card
   * is sent once more.
   */
  isInterrupted?: true;
}

/** The cards of one kiosk, in the sequence in which they are sent. */
export interface KioskPlan {
  kioskId: KioskId;
  cards: PlannedRetry[];
  /** Typical duration of a production at the kiosk, in milliseconds; null without earlier productions. */
  usual: number | null;
}

/** A selected card that is not sent, with the reason. */
export interface LeftOut {
  card: Card;
  /** Kiosk to which the card would be sent, or in which it may still be. */
  kioskId: KioskId | null;
  failure: Failure;
}

/** The plan for retrying many cards. */
export interface RetryPlan {
  kiosks: KioskPlan[];
  leftOut: LeftOut[];
  /** Number of cards that exceed `--limit`. */
  beyondLimit: number;
}

interface PlanOptions {
  /** Destination of all cards; null to send each card to the kiosk where it failed. */
  toKiosk: KioskId | null;
  limit: number | null;
  /** Returns the failure that currently prevents sending a card to a kiosk; null for none. */
  obstacle: (card: Card, kioskId: KioskId) => Failure | null;
  /** Cards that may be in their kiosk but can't be read. */
  stuck: readonly LeftOut[];
}

/** Sorts the selected cards into the plan, and excludes cards that can't be produced. */
export function planRetries(candidates: readonly RetryCandidate[], options: PlanOptions): RetryPlan {
  const leftOut: LeftOut[] = [...options.stuck];
  const planned: PlannedRetry[] = [];
  // A kiosk handles one card at a time: nothing is sent while a card may be in it.
  const blocked = new Map(options.stuck.map(({ kioskId, failure }) => [kioskId, failure]));
  for (const candidate of candidates.toSorted(byTurn)) {
    const { card } = candidate.one;
    const kioskId = (candidate.turn === 'joined' ? null : options.toKiosk) ?? kioskOf(candidate.one);
    if (kioskId === null) continue;
    const failure = blocked.get(kioskId) ?? finalFailure(candidate) ?? options.obstacle(card, kioskId);
    if (failure && candidate.turn === 'joined') blocked.set(kioskId, failure);
    if (failure) leftOut.push({ card, kioskId, failure });
    else planned.push({ ...identityOf(card), ...candidate, kioskId });
  }
  const joined = planned.filter(({ turn }) => turn === 'joined').length;
  const taken = options.limit === null ? planned : planned.slice(0, joined + options.limit);
  return {
    kiosks: [...Map.groupBy(taken, ({ kioskId }) => kioskId)].map(([kioskId, cards]) => ({
      kioskId,
      cards,
      usual: null,
    })),
    leftOut,
    beyondLimit: planned.length - taken.length,
  };
}

function byTurn(left: RetryCandidate, right: RetryCandidate): number {
  return TURNS.indexOf(left.turn) - TURNS.indexOf(right.turn) || byAge(left.one, right.one);
}

/** Returns the failure of a card that can never be produced again; null for other cards. */
function finalFailure({ one, entry }: RetryCandidate): Failure | null {
  if (isOpen(one.attempt)) return null;
  const ended = endedFailure(one.card)?.asRefusal() ?? null;
  return ended ?? (entry.retry === 'never' ? neverAgain(one.card, entry) : null);
}

/** Counts the cards of a plan, including those to wait for. */
export function countCards({ kiosks }: Pick<RetryPlan, 'kiosks'>): number {
  return kiosks.reduce((sum, { cards }) => sum + cards.length, 0);
}

/** Counts the cards that a plan sends. */
export function countSent({ kiosks }: Pick<RetryPlan, 'kiosks'>): number {
  return kiosks.flatMap(({ cards }) => cards).filter(({ turn }) => turn !== 'joined').length;
}

/** Converts a plan to its JSON form. */
export function toPlanDocument({ kiosks, leftOut, beyondLimit }: RetryPlan) {
  return {
    kiosks: kiosks.map(({ kioskId, cards, usual }) => ({
      kioskId,
      expectedSeconds: usual === null ? null : Math.round((usual * cards.length) / 1_000),
      cards: cards.map(({ one, turn, entry }) => ({
        card: one.card,
        turn,
        failedAt: utcTime(one.changedAt),
        errorCode: entry.code,
        meaning: entry.meaning,
        retry: entry.retry,
        nextStep: entry.nextStep,
      })),
    })),
    leftOut: leftOut.map(({ card, kioskId, failure }) => ({
      card,
      kioskId,
      exitCode: failure.exitCode,
      error: failure.toDocument(),
    })),
    beyondLimit,
  };
}

/** Checks that a planned card may be retried: there must be no new attempt since the plan was confirmed. */
export function guardPlanned(seen: Seen, { one }: PlannedRetry, request: ProduceRequest): Decision {
  const planned = one.attempt?.id ?? null;
  const isKnown = seen.card.attemptId === planned || isAsPlanned(seen, one.card.production);
  return guardRetry(seen, { request, attemptId: isKnown ? seen.card.attemptId : planned });
}

/**
 * True if the card still has the failure for which it was planned. Since the plan was confirmed, an observed attempt
 * may have been recorded for the same failure.
 */
function isAsPlanned({ card, attempt }: Seen, planned: Production | null): boolean {
  if (attempt?.origin !== 'observed' || !card.production) return false;
  return isSameProduction(card.production, planned) || isLater(card.production, planned) === false;
}
