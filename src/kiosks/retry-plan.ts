import { isOpen } from '../domain/attempt.ts';
import type { Card } from '../domain/card.ts';
import { type CatalogueEntry, findErrors } from '../domain/errors/error-catalogue.ts';
import { asFailure, type Failure } from '../domain/errors/failure.ts';
import { type Decision, guardRetry, neverAgain, refuseEnded, type Seen } from '../domain/guards.ts';
import type { KioskId } from '../domain/ids.ts';
import { isLater, isSameProduction, type ProduceRequest, type Production } from '../domain/production.ts';
import { byAge, type JournalCard, kioskOf, type Selection } from '../domain/selection.ts';
import type { Stage } from '../domain/stage.ts';
import { utcTime } from '../domain/times/vendor-time.ts';

/**
 * When a card is produced within a retry. `joined`: a command sent it to the kiosk already; its result is awaited before
 * anything else is sent there. `again`: it failed in an earlier run of the same selection, and goes last.
 */
export type Turn = 'joined' | 'first' | 'again';

const TURNS: readonly Turn[] = ['joined', 'first', 'again'];

/** A card that a retry may produce again. */
export interface RetryCandidate {
  one: JournalCard;
  turn: Turn;
  /** The error of the card. */
  entry: CatalogueEntry;
}

export interface PlannedRetry extends RetryCandidate {
  kioskId: KioskId;
}

/** The cards of one kiosk, in the order in which they are produced, one after the other. */
export interface KioskPlan {
  kioskId: KioskId;
  cards: PlannedRetry[];
  /** The usual duration of a production at the kiosk, in milliseconds; null without earlier ones. */
  usual: number | null;
}

/** A card of the selection with which nothing is done. */
export interface LeftOut {
  card: Card;
  /** The kiosk where it would have gone. */
  kioskId: KioskId | null;
  failure: Failure;
}

/** The plan of a retry of many cards. */
export interface RetryPlan {
  kiosks: KioskPlan[];
  leftOut: LeftOut[];
  /** The number of cards above `--limit`. */
  beyondLimit: number;
}

export interface PlanOptions {
  /** Another kiosk for all of them. */
  toKiosk: KioskId | null;
  limit: number | null;
  /** Why nothing may be done with a card at a kiosk right now; null when it may. */
  obstacle: (card: Card, kioskId: KioskId) => Failure | null;
  /** Cards that may be in their kiosk, and can't be read. */
  stuck: readonly LeftOut[];
}

/** Puts the cards of a selection into the order in which they are produced, and leaves out what can't be. */
export function planRetries(candidates: readonly RetryCandidate[], options: PlanOptions): RetryPlan {
  const leftOut: LeftOut[] = [...options.stuck];
  const planned: PlannedRetry[] = [];
  // A kiosk takes one card at a time: one that may still be in it keeps the others out.
  const blocked = new Map(options.stuck.map(({ kioskId, failure }) => [kioskId, failure]));
  for (const candidate of candidates.toSorted(byTurn)) {
    const { card } = candidate.one;
    const kioskId = (candidate.turn === 'joined' ? null : options.toKiosk) ?? kioskOf(candidate.one);
    if (kioskId === null) continue;
    const failure = blocked.get(kioskId) ?? hopeless(candidate) ?? options.obstacle(card, kioskId);
    if (failure && candidate.turn === 'joined') blocked.set(kioskId, failure);
    if (failure) leftOut.push({ card, kioskId, failure });
    else planned.push({ ...candidate, kioskId });
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

/** Why a card can never be produced again; null when it can. */
function hopeless({ one, entry }: RetryCandidate): Failure | null {
  if (isOpen(one.attempt)) return null;
  try {
    refuseEnded(one.card);
  } catch (error) {
    return asFailure(error);
  }
  return entry.retry === 'never' ? neverAgain(one.card, entry) : null;
}

/** Counts the cards of a plan, including those that are only awaited. */
export function countCards({ kiosks }: Pick<RetryPlan, 'kiosks'>): number {
  return kiosks.reduce((sum, { cards }) => sum + cards.length, 0);
}

/** Counts the cards that a plan sends. */
export function countSent({ kiosks }: Pick<RetryPlan, 'kiosks'>): number {
  return kiosks.flatMap(({ cards }) => cards).filter(({ turn }) => turn !== 'joined').length;
}

/** A plan as JSON documents show it. */
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

/** A refused request leaves its card as it was: ready, or failed. */
const REFUSED = new Set<Stage>(['ready', 'failed']);

/** Nothing is left to produce. */
const ENDED = new Set<Stage>(['produced', 'completed', 'cancelled', 'returned']);

/**
 * Why no card can ever fit a selection; null when one may.
 * @param now by the vendor's clock, in milliseconds since the epoch
 */
export function contradictionIn(selection: Selection, now: number): string | null {
  const { stages, isFailed, errorCodes, expiringDays, since } = selection;
  const named = stages?.join(', ') ?? '';
  if (since !== undefined && since > now) return '--since is in the future.';
  if (!stages) return null;
  if (isFailed && !stages.some((stage) => REFUSED.has(stage)))
    return `--failed and --stage ${named} contradict each other.`;
  const codes = errorCodes ?? [];
  if (codes.length > 0 && !codes.some((code) => stages.some((stage) => mayEndIn(stage, code))))
    return `A card that is ${named} has no error ${codes.join(', ')}.`;
  if (expiringDays !== undefined && stages.every((stage) => ENDED.has(stage)))
    return `--expiring and --stage ${named} contradict each other: such a card needs no days any more.`;
  return null;
}

/** True if a card with this error can be in this stage. An undocumented code can be in any. */
function mayEndIn(stage: Stage, code: string): boolean {
  const kinds = findErrors(code).map(({ kind }) => kind);
  const isOfProduction = kinds.length > 0 && !kinds.includes('request');
  return isOfProduction ? stage === 'failed' : REFUSED.has(stage);
}

/** Only what was approved is repeated: a card with which something else happened since is left alone. */
export function guardPlanned(seen: Seen, { one }: PlannedRetry, request: ProduceRequest): Decision {
  const planned = one.attempt?.id ?? null;
  const isKnown = seen.card.attemptId === planned || isAsPlanned(seen, one.card.production);
  return guardRetry(seen, { request, attemptId: isKnown ? seen.card.attemptId : planned });
}

/** True if the failure is the planned one: the attempt of another system may have been recorded since. */
function isAsPlanned({ card, attempt }: Seen, planned: Production | null): boolean {
  if (attempt?.origin !== 'observed' || !card.production) return false;
  return isSameProduction(card.production, planned) || isLater(card.production, planned) === false;
}
