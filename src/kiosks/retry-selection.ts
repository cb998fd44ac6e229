import type { Context } from '../context/context.ts';
import type { Covered } from '../context/coverage.ts';
import { readCovered } from '../context/listener-state.ts';
import { approveAttended, declined } from '../context/record-action.ts';
import type { Failure } from '../domain/errors/failure.ts';
import { outcomeOf } from '../domain/results.ts';
import { nameSelection, planRetry, type RetrySelection } from './plan-retry.ts';
import { countCards, countSent, type LeftOut, type RetryPlan } from './retry-plan.ts';
import { type RetryResult, type RunOptions, runRetries } from './run-retry.ts';

export interface SelectedRetryOptions extends Omit<RunOptions, 'selection'> {
  /** Somebody takes the cards out: said by a flag, or to be asked. */
  isAttended: boolean;
  isDryRun: boolean;
  /** Describes the plan to the person who approves it. */
  describe: (planned: PlannedRetries) => Promise<string>;
  /** A hold that ends once the plan is approved keeps nothing out of it. */
  ignoresHolds?: boolean;
}

/** A retry before it is approved. */
export interface PlannedRetries {
  plan: RetryPlan;
  covered: Covered;
}

export interface SelectedRetry extends PlannedRetries {
  /** Of all cards that were selected, also of those left out; none for a dry run. */
  results: (RetryResult | ReturnType<typeof leftOutResult>)[];
  /** The failures that stopped it at kiosks. */
  stops: readonly Failure[];
  /** Requests that were sent. */
  used: { reads: number; sends: number };
}

/**
 * Produces exactly the failed cards of a selection again: shows the plan, asks, then goes kiosk by kiosk, a canary first.
 * @throws Failure `usage`, `input-required`, `not-confirmed`, `leased`
 */
export async function retrySelection(
  ctx: Context,
  selection: RetrySelection,
  { isAttended, isDryRun, describe, ignoresHolds = false, ...options }: SelectedRetryOptions,
): Promise<SelectedRetry> {
  const plan = await planRetry(ctx, selection, { ignoresHolds });
  const covered = await readCovered(ctx);
  if (isDryRun) return { plan, covered, results: [], stops: [], used: ctx.wise.used };
  if (countCards(plan) > 0) ctx.report.block(await describe({ plan, covered }));
  if (countSent(plan) > 0) await approve(ctx, plan, { isAttended });
  const { results, stops } = await runRetries(ctx, plan, { ...options, selection: nameSelection(selection) });
  const all = [...results, ...plan.leftOut.map(leftOutResult)];
  return { plan, covered, results: all, stops, used: ctx.wise.used };
}

/** @throws Failure `not-confirmed`, `input-required` */
async function approve(
  ctx: Context,
  plan: RetryPlan,
  { isAttended }: { isAttended: boolean },
): Promise<void> {
  if (!isAttended)
    await approveAttended(
      ctx,
      plan.kiosks.map(({ kioskId }) => kioskId),
    );
  const count = countSent(plan);
  const first = plan.kiosks.length === 1 ? 'one first' : 'one of each kiosk first';
  const what = count === 1 ? 'this card' : `these ${count} cards, ${first},`;
  if (!(await ctx.ask.confirm(`Is the cause gone, and shall ${what} be produced?`, { flag: '--yes' })))
    throw declined('Fix the cause; then run the command again.');
}

function leftOutResult({ card, kioskId, failure }: LeftOut) {
  const error = failure.toDocument();
  const { exitCode } = failure;
  return { card, kioskId, outcome: outcomeOf(error, exitCode), exitCode, error, isCanary: false };
}
