import { findUnauthorized } from '../cards/session/each-card.ts';
import { kioskHeld, listHolds } from '../cards/session/hold-check.ts';
import { wholeReference } from '../context/card-names.ts';
import type { Context } from '../context/context.ts';
import { leased, leaseOnCard, leaseOnKiosk, listLeases } from '../context/leases.ts';
import { isOpen } from '../domain/attempt.ts';
import type { Card } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import type { Failure } from '../domain/errors/failure.ts';
import { type CardName, isNamed, type KioskId, type Reference } from '../domain/ids.ts';
import { advise } from '../domain/runbook.ts';
import { failureOf, isSelected, type JournalCard, kioskOf } from '../domain/selection.ts';
import { median } from '../domain/times/duration.ts';
import type { ActionRecord } from '../journal/journal.ts';
import { findInJournal, requireKnownKiosks, selectFromJournal, settleOpenAttempts } from './kiosk-cards.ts';
import { planRetries, type RetryCandidate, type RetryPlan } from './retry/retry-plan.ts';

/** A filter for the failed cards to retry. */
export interface RetrySelection {
  kioskIds: readonly KioskId[];
  /** Error codes to match; empty to match all. */
  errorCodes: readonly string[];
  exclude: readonly CardName[];
  limit: number | null;
  /** Destination of all cards; null to send each card to the kiosk where it failed. */
  toKiosk: KioskId | null;
}

/**
 * Returns the name of a selection in the journal. A repeated command uses this name to find the cards that it sent
 * before.
 */
export function nameSelection({ kioskIds, errorCodes }: RetrySelection): string {
  const parts = [kioskIds.toSorted().join(','), errorCodes.toSorted().join(',')];
  return parts.filter((part) => part !== '').join(' ');
}

/** Number of earlier productions from which the duration is estimated. */
const DURATIONS = 20;

/** Time of the last retry of the same selection, by card token, in milliseconds since the epoch. */
type Tried = ReadonlyMap<string, number>;

/**
 * Plans which failed cards to retry, and in which sequence. First reads the cards with an open attempt, because a retry
 * waits for a card that is still in a kiosk.
 * @throws Failure `usage` for an unknown kiosk
 */
export async function planRetry(
  ctx: Context,
  selection: RetrySelection,
  { ignoresHolds }: { ignoresHolds: boolean },
): Promise<RetryPlan> {
  const { kioskIds, toKiosk, limit } = selection;
  // The user has confirmed the unlisted destination.
  const isNamed = toKiosk !== null && ctx.kiosks.length === 0;
  await requireKnownKiosks(ctx, isNamed ? [...kioskIds, toKiosk] : kioskIds);
  const acts = await ctx.journal.listActions({ selection: nameSelection(selection) });
  const tried: Tried = new Map(acts.map(({ cardToken, startedAt }) => [cardToken ?? '', startedAt]));
  const { cards, stuck } = await settleOpenAttempts(ctx, await findConcerned(ctx, selection, acts));
  const runbook = await ctx.runbook();
  const excluded = await Promise.all(selection.exclude.map(async (name) => wholeReference(ctx, name)));
  const candidates = cards
    .flatMap((one) => toCandidate(one, { selection: { ...selection, exclude: excluded }, tried }) ?? [])
    .map(({ entry, ...candidate }) => ({ ...candidate, entry: advise(runbook, entry) }));
  const obstacle = await findObstacles(ctx, candidates, { ignoresHolds });
  const plan = planRetries(candidates, { toKiosk, limit, obstacle, stuck });
  for (const kiosk of plan.kiosks)
    kiosk.usual = median(await ctx.journal.listDurations(kiosk.kioskId, DURATIONS));
  return plan;
}

/**
 * Returns the unfinished cards at the selected kiosks, and the cards that earlier retries of the same selection sent to
 * other kiosks.
 */
async function findConcerned(
  ctx: Context,
  { kioskIds, toKiosk }: RetrySelection,
  acts: readonly ActionRecord[],
): Promise<JournalCard[]> {
  const there = toKiosk === null ? kioskIds : [...kioskIds, toKiosk];
  const cards = await selectFromJournal(ctx, { kioskIds: there }, { isUnfinished: true });
  const found = new Set(cards.map(({ card }) => card.cardToken));
  const elsewhere = new Set(acts.map(({ cardToken }) => cardToken).filter((token) => !found.has(token)));
  for (const cardToken of elsewhere) {
    const one = cardToken === null ? null : await findInJournal(ctx, { cardToken, orderId: null });
    if (one) cards.push(one);
  }
  return cards;
}

/** A selection whose excluded cards are references with a profile. */
type ResolvedSelection = Omit<RetrySelection, 'exclude'> & { exclude: readonly Reference[] };

/** Returns a card to retry or to wait for; null for other cards. */
function toCandidate(
  one: JournalCard,
  { selection, tried }: { selection: ResolvedSelection; tried: Tried },
): RetryCandidate | null {
  const { card, attempt } = one;
  if (attempt?.origin === 'ours' && isOpen(attempt)) {
    const entry = lookUpError('production', attempt.baseline?.errorCode ?? null);
    return { one, turn: 'joined', entry };
  }
  const triedAt = tried.get(card.cardToken ?? '');
  const { kioskIds, errorCodes, exclude } = selection;
  // An earlier run may have sent the card to another kiosk, where it failed again.
  const kioskId = kioskOf(one);
  if (triedAt === undefined && (kioskId === null || !kioskIds.includes(kioskId))) return null;
  if (exclude.some((reference) => isNamed(card, reference))) return null;
  const failure = failureOf(one);
  if (failure === null && card.stage !== 'expired') return null;
  const wasTried = attempt !== null && triedAt !== undefined && attempt.claimedAt >= triedAt;
  const isMeant = errorCodes.length === 0 || isSelected(one, { errorCodes });
  if (!isMeant) return null;
  const { kind, errorCode } = failure ?? {
    kind: 'production',
    errorCode: card.production?.errorCode ?? null,
  };
  return { one, turn: wasTried ? 'again' : 'first', entry: lookUpError(kind, errorCode) };
}

/**
 * Returns a function that finds the obstacle for a card: a hold, a lease of another process, or a missing token; null
 * for none.
 */
async function findObstacles(
  ctx: Context,
  candidates: readonly RetryCandidate[],
  { ignoresHolds }: { ignoresHolds: boolean },
) {
  const holds = ignoresHolds ? [] : await listHolds(ctx);
  const leases = await listLeases(ctx);
  const unauthorized = await findUnauthorized(
    ctx,
    candidates.map(({ one }) => one.card),
  );
  return (card: Card, kioskId: KioskId): Failure | null => {
    const hold = holds.find((other) => other.kioskId === kioskId);
    if (hold) return kioskHeld(ctx, hold);
    const subjects = new Set([leaseOnKiosk(kioskId), leaseOnCard(card.cardToken)]);
    const lease = leases.find(({ subject }) => subjects.has(subject));
    return lease ? leased(ctx, lease) : (unauthorized.get(card.profileId) ?? null);
  };
}
