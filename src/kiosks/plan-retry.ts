import { findUnauthorized } from '../cards/session/each-card.ts';
import { kioskHeld } from '../cards/session/hold-check.ts';
import { settleOpenAttempt } from '../cards/session/send.ts';
import { CardSession } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import { leased, leaseOnCard, leaseOnKiosk } from '../context/leases.ts';
import { isOpen, isUnsettled } from '../domain/attempt.ts';
import { type Card, cardLabel } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import { asFailure, type Failure } from '../domain/errors/failure.ts';
import { isNamed, type KioskId, type Reference } from '../domain/ids.ts';
import { advise } from '../domain/runbook.ts';
import { failureOf, isSelected, type JournalCard, kioskOf } from '../domain/selection.ts';
import { median } from '../domain/times/duration.ts';
import { parseVendorTime } from '../domain/times/vendor-time.ts';
import type { ActionRecord } from '../journal/journal.ts';
import { findInJournal, requireKnownKiosks, selectFromJournal } from './kiosk-cards.ts';
import { type LeftOut, planRetries, type RetryCandidate, type RetryPlan } from './retry-plan.ts';

/** A filter for the failed cards to produce again. */
export interface RetrySelection {
  kioskIds: readonly KioskId[];
  /** Empty: whatever they failed with. */
  errorCodes: readonly string[];
  exclude: readonly Reference[];
  limit: number | null;
  /** Another kiosk than the one where they failed. */
  toKiosk: KioskId | null;
}

/** Names a selection in the journal: what was tried under this name is known to later runs. */
export function nameSelection({ kioskIds, errorCodes }: RetrySelection): string {
  const parts = [kioskIds.toSorted().join(','), errorCodes.toSorted().join(',')];
  return parts.filter((part) => part !== '').join(' ');
}

/** The number of earlier productions that the estimated duration is based on. */
const DURATIONS = 20;

/** When each card was tried last by runs of the same selection, in milliseconds since the epoch. */
type Tried = ReadonlyMap<string, number>;

/**
 * Works out which cards of the journal failed and can be produced again, and in which order. What is still open at these
 * kiosks is read first: it is awaited before anything else is sent there.
 * @param options `ignoresHolds`: holds are about to end
 * @throws Failure `usage` for an unknown kiosk
 */
export async function planRetry(
  ctx: Context,
  selection: RetrySelection,
  { ignoresHolds = false } = {},
): Promise<RetryPlan> {
  const { kioskIds, toKiosk, limit } = selection;
  await requireKnownKiosks(ctx, toKiosk === null ? kioskIds : [...kioskIds, toKiosk]);
  const acts = await ctx.journal.listActions({ selection: nameSelection(selection) });
  const tried: Tried = new Map(acts.map(({ cardToken, startedAt }) => [cardToken ?? '', startedAt]));
  const { cards, stuck } = await settleOpenAttempts(ctx, await findConcerned(ctx, selection, acts));
  const runbook = await ctx.runbook();
  const candidates = cards
    .flatMap((one) => toCandidate(one, { selection, tried }) ?? [])
    .map(({ entry, ...candidate }) => ({ ...candidate, entry: advise(runbook, entry) }));
  const obstacle = await findObstacles(ctx, candidates, { ignoresHolds });
  const plan = planRetries(candidates, { toKiosk, limit, obstacle, stuck });
  for (const kiosk of plan.kiosks)
    kiosk.usual = median(await ctx.journal.listDurations(kiosk.kioskId, DURATIONS));
  return plan;
}

/** The unfinished cards at the kiosks of a selection, and those that its runs sent elsewhere. */
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

/** @returns null for a card that is none of this selection, and not in a kiosk where cards are to be sent */
function toCandidate(
  one: JournalCard,
  { selection, tried }: { selection: RetrySelection; tried: Tried },
): RetryCandidate | null {
  const { card, attempt } = one;
  if (attempt?.origin === 'ours' && isOpen(attempt)) {
    const entry = lookUpError('production', attempt.baseline?.errorCode ?? null);
    return { one, turn: 'joined', entry };
  }
  const triedAt = tried.get(card.cardToken ?? '');
  const { kioskIds, errorCodes, exclude } = selection;
  // A run may have sent it to another kiosk, where it failed again.
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

/** Finds the obstacles for cards at a kiosk: a hold, the lease of another process, a missing token. */
async function findObstacles(
  ctx: Context,
  candidates: readonly RetryCandidate[],
  { ignoresHolds }: { ignoresHolds: boolean },
) {
  const holds = ignoresHolds ? [] : await ctx.journal.listHolds();
  const leases = await ctx.journal.listLeases();
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

export interface Settled {
  /** All cards as they are now, but for the stuck ones. */
  cards: JournalCard[];
  /** Cards whose attempt is still open and can't be read: they may be in their kiosk. */
  stuck: LeftOut[];
}

/**
 * Settles attempts of this journal that are still open because a command died or did not wait. While a listener is
 * running, its events report on those that were accepted.
 */
export async function settleOpenAttempts(ctx: Context, cards: readonly JournalCard[]): Promise<Settled> {
  const isListenedTo = await ctx.journal.isListenedTo();
  const leases = new Map((await ctx.journal.listLeases()).map((lease) => [lease.subject, lease]));
  const settled: Settled = { cards: [], stuck: [] };
  for (const one of cards) {
    const { attempt, card } = one;
    const isOurs = attempt?.origin === 'ours' && isOpen(attempt);
    const lease = isOurs ? leases.get(leaseOnCard(card.cardToken)) : undefined;
    if (lease) settled.stuck.push({ card, kioskId: kioskOf(one), failure: leased(ctx, lease) });
    else if (!isOurs || (isListenedTo && !isUnsettled(attempt))) settled.cards.push(one);
    else {
      const end = await settle(ctx, one);
      if ('failure' in end) settled.stuck.push(end);
      else settled.cards.push(end);
    }
  }
  return settled;
}

async function settle(ctx: Context, one: JournalCard): Promise<JournalCard | LeftOut> {
  const session = new CardSession(ctx, one.card);
  try {
    if (one.attempt) await settleOpenAttempt(ctx, session, one.attempt);
    if (session.card.stage === 'produced')
      ctx.report.note(`Card ${cardLabel(session.card)}, sent before, was produced.`);
    const attempt = session.latest?.facts.attempt ?? one.attempt;
    const moved = parseVendorTime(session.card.production?.occurredAt ?? null)?.milliseconds;
    return { card: session.card, attempt, changedAt: moved ?? one.changedAt };
  } catch (error) {
    ctx.signal.throwIfAborted();
    await session.loadFromJournal();
    return { card: session.card, kioskId: kioskOf(one), failure: asFailure(error) };
  }
}
