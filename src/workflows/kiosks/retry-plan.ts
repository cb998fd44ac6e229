import { isOpen } from '../../domain/attempt.ts';
import type { Card } from '../../domain/card.ts';
import { lookUpError } from '../../domain/error-catalogue.ts';
import type { Failure } from '../../domain/failure.ts';
import { isNamed, type Reference } from '../../domain/reference.ts';
import { median, planRetries, type RetryCandidate, type RetryPlan } from '../../domain/retry-plan.ts';
import { advise } from '../../domain/runbook.ts';
import { failureOf, isSelected, type JournalCard } from '../../domain/selection.ts';
import type { ActRecord } from '../../journal/journal.ts';
import type { Context } from '../context.ts';
import { findUnauthorized } from '../each-card.ts';
import { kioskHeld } from '../holds.ts';
import { leased, leaseOnCard, leaseOnKiosk } from '../leases.ts';
import { selectFromJournal } from './journal-cards.ts';
import { requireKnownKiosks } from './known-kiosks.ts';
import { settleOpenAttempts } from './settle-open.ts';

/** Which failed cards are to be produced again. */
export interface RetrySelection {
  kioskIds: readonly string[];
  /** Empty: whatever they failed with. */
  errorCodes: readonly string[];
  exclude: readonly Reference[];
  limit: number | null;
  /** Another kiosk than the one where they failed. */
  toKiosk: string | null;
}

/** Names a selection in the journal: what was tried under this name is known to later runs. */
export function nameSelection({ kioskIds, errorCodes }: RetrySelection): string {
  const parts = [kioskIds.toSorted().join(','), errorCodes.toSorted().join(',')];
  return parts.filter((part) => part !== '').join(' ');
}

/** How many productions tell how long one takes. */
const DURATIONS = 20;

/**
 * Works out which cards of the journal failed and can be produced again, and in which order. What earlier runs left
 * open is looked into first.
 * @throws Failure `usage` for a kiosk that nobody knows
 */
export async function planRetry(
  ctx: Context,
  selection: RetrySelection,
  { ignoresHolds = false } = {},
): Promise<RetryPlan> {
  await requireKnownKiosks(ctx, selection.kioskIds);
  const { kioskIds, toKiosk, limit } = selection;
  const all = await selectFromJournal(ctx, { kioskIds }, { isUnfinished: true });
  const cards = all.filter(({ card }) => !selection.exclude.some((reference) => isNamed(card, reference)));
  const tried = triedBy(await ctx.journal.listActs({ selection: nameSelection(selection) }));
  const { settled, leftOut } = await settleOpenAttempts(ctx, cards);
  const runbook = await ctx.runbook();
  const candidates = settled
    .flatMap((one) => toCandidate(one, { selection, tried }) ?? [])
    .map(({ entry, ...candidate }) => ({ ...candidate, entry: advise(runbook, entry) }));
  const obstacle = await findObstacles(ctx, candidates, { ignoresHolds });
  const plan = planRetries(candidates, { toKiosk, limit, obstacle });
  for (const kiosk of plan.kiosks)
    kiosk.usual = median(await ctx.journal.listDurations(kiosk.kioskId, DURATIONS));
  return { ...plan, leftOut: [...leftOut, ...plan.leftOut] };
}

/** When each card was tried last by runs of the same selection, in milliseconds since the epoch. */
function triedBy(acts: readonly ActRecord[]): Map<string, number> {
  return new Map(acts.map(({ cardToken, startedAt }) => [cardToken ?? '', startedAt]));
}

/** @returns null for a card that is none of this selection */
function toCandidate(
  one: JournalCard,
  { selection, tried }: { selection: RetrySelection; tried: ReadonlyMap<string, number> },
): RetryCandidate | null {
  const { card, attempt } = one;
  const triedAt = tried.get(card.cardToken ?? '');
  const wasTried = attempt !== null && triedAt !== undefined && attempt.claimedAt >= triedAt;
  if (wasTried && isOpen(attempt)) {
    const entry = lookUpError('production', attempt.baseline?.errorCode ?? null);
    return { one, turn: 'joined', entry };
  }
  const { errorCodes } = selection;
  const failure = failureOf(one);
  if (failure === null && card.stage !== 'expired') return null;
  if (!isSelected(one, errorCodes.length > 0 ? { errorCodes } : {})) return null;
  const { kind, errorCode } = failure ?? {
    kind: 'production',
    errorCode: card.production?.errorCode ?? null,
  };
  return { one, turn: wasTried ? 'again' : 'first', entry: lookUpError(kind, errorCode) };
}

/** What stands in the way of a card at a kiosk: a hold, somebody else's work, no token. */
async function findObstacles(
  ctx: Context,
  candidates: readonly RetryCandidate[],
  { ignoresHolds }: { ignoresHolds: boolean },
) {
  const holds = ignoresHolds ? [] : await ctx.journal.listHolds();
  const leases = await ctx.journal.listLeases({ ofOthers: true });
  const unauthorized = await findUnauthorized(
    ctx,
    candidates.map(({ one }) => one.card),
  );
  return (card: Card, kioskId: string): Failure | null => {
    const hold = holds.find((other) => other.kioskId === kioskId);
    if (hold) return kioskHeld(ctx, hold);
    const subjects = new Set([leaseOnKiosk(kioskId), leaseOnCard(card.cardToken ?? '')]);
    const lease = leases.find(({ subject }) => subjects.has(subject));
    return lease ? leased(ctx, lease) : (unauthorized.get(card.profileId) ?? null);
  };
}
