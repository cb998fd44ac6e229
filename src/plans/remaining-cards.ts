import type { Context } from '../context/context.ts';
import type { PlanRecord } from '../detached/plan.ts';
import { isOpen } from '../domain/attempt.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import { identityOf, type KioskId } from '../domain/ids.ts';
import type { CardResult } from '../domain/results.ts';
import { kioskOf } from '../domain/selection.ts';
import type { PlanCard } from '../journal/journal.ts';
import { selectFromJournal, settleOpenAttempts } from '../kiosks/kiosk-cards.ts';
import { advance, type CanaryState, START } from '../kiosks/retry/canary.ts';
import type { PlannedRetry, RetryPlan } from '../kiosks/retry/retry-plan.ts';

/** A result of a plan's card, with the number of the approval under which it was made. */
export interface StoredResult extends CardResult {
  kioskId: KioskId | null;
  isCanary: boolean;
  approval?: number;
}

/** A card of a plan that a server has to send or to wait for, with its number in the plan. */
export type Remaining = PlannedRetry & { number: number | null };

/** Returns a card as it was approved; null for one that was left out when the plan was made. */
export function plannedOf({ record }: PlanCard): PlannedRetry | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- stored by `handOver`
  return 'turn' in record ? (record as PlannedRetry) : null;
}

/** Returns what is left of a plan, as a retry. Cards that may be in their kiosk come first. */
export async function findRemaining(
  ctx: Context,
  cards: readonly PlanCard[],
): Promise<Map<KioskId, Remaining[]>> {
  const remaining: Remaining[] = [];
  for (const card of cards) {
    const planned = plannedOf(card);
    if (card.result !== null || !planned) continue;
    const { number, attemptId, cardToken } = card;
    const attempts =
      attemptId === null || cardToken === null ? [] : await ctx.journal.listAttempts(cardToken);
    const attempt = attempts.find(({ id }) => id === attemptId);
    const one = { ...planned, number };
    remaining.push(attempt ? { ...one, ...INTERRUPTED, one: { ...planned.one, attempt } } : one);
  }
  const inKiosk = ({ turn }: Remaining) => (turn === 'joined' ? 0 : 1);
  return Map.groupBy(
    remaining.toSorted((left, right) => inKiosk(left) - inKiosk(right)),
    ({ kioskId }) => kioskId,
  );
}

/** A card whose server was killed after it sent the card. */
const INTERRUPTED = { turn: 'joined', isInterrupted: true } as const;

/**
 * Returns the states in which earlier servers left the kiosks of a plan. A kiosk that stopped stays stopped; after a new
 * approval, the next card of a kiosk is its canary again.
 */
export function replayCanaries(plan: PlanRecord, cards: readonly PlanCard[]): Map<KioskId, CanaryState> {
  const states = new Map<KioskId, CanaryState>();
  for (const card of cards) {
    const kioskId = plannedOf(card)?.kioskId;
    if (card.result === null || kioskId === undefined) continue;
    const state = advance(states.get(kioskId) ?? START, card.result, plan);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- stored by the execution
    const isOfApproval = (card.result as StoredResult).approval === plan.approval.number;
    states.set(kioskId, isOfApproval ? state : { ...START, stop: state.stop });
  }
  return states;
}

/**
 * Reconciles other cards at the kiosks of a plan, as a retry does.
 * @returns cards to wait for first, and the kiosks that a card may occupy that can't be read
 */
export async function reconcileOthers(
  ctx: Context,
  plan: PlanRecord,
  cards: readonly PlanCard[],
): Promise<{ joined: Remaining[]; blocked: RetryPlan['leftOut'] }> {
  // A card with a result may have been sent again since, by a user.
  const own = new Set(
    cards.filter((card) => card.result === null && plannedOf(card)).map(({ cardToken }) => cardToken),
  );
  const found = await selectFromJournal(ctx, { kioskIds: plan.kioskIds }, { isUnfinished: true });
  const { cards: settled, stuck } = await settleOpenAttempts(
    ctx,
    found.filter(({ card }) => !own.has(card.cardToken)),
  );
  const joined = settled.flatMap((one): Remaining[] => {
    const kioskId = kioskOf(one);
    if (one.attempt?.origin !== 'ours' || !isOpen(one.attempt) || kioskId === null) return [];
    const entry = lookUpError('production', one.attempt.baseline?.errorCode ?? null);
    return [{ ...identityOf(one.card), one, turn: 'joined', entry, kioskId, number: null }];
  });
  return { joined, blocked: stuck };
}
