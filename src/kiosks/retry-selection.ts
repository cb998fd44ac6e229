import { requireListed } from '../cards/listed-kiosk.ts';
import { noteJournal } from '../cards/retry.ts';
import { instantOf } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import type { Covered } from '../context/coverage.ts';
import { readCovered } from '../context/listener-state.ts';
import { declined } from '../context/record-action.ts';
import type { PlanRecord } from '../detached/plan.ts';
import type { Failure } from '../domain/errors/failure.ts';
import { noteEmptyJournal } from './kiosk-cards.ts';
import { nameSelection, planRetry, type RetrySelection } from './plan-selection.ts';
import { countCards, countSent, type RetryPlan } from './retry/retry-plan.ts';
import { type Detach, leftOutResult, type RetryResult, type RunOptions } from './retry/retry-watcher.ts';
import { runRetries } from './retry/run-retry.ts';

export interface SelectedRetryOptions extends Omit<RunOptions, 'selection'> {
  /** True if a flag confirms that someone collects the cards; otherwise the user is prompted. */
  isAttended: boolean;
  isDryRun: boolean;
  /** True to allow a destination that the context does not list. */
  isUnlistedAllowed: boolean;
  /** Describes the plan in the confirmation prompt. */
  describe: (planned: PlannedRetries) => Promise<string>;
  /** True to ignore holds while planning, because confirming the plan ends them. */
  ignoresHolds?: boolean;
  /** True if someone has said already that the cause is fixed. */
  isFixed?: boolean;
  /** Hands the approved plan over to a server instead of carrying it out; absent to carry it out here. */
  detach?: Detach | undefined;
}

/** A retry plan before its confirmation. */
export interface PlannedRetries {
  plan: RetryPlan;
  covered: Covered;
}

export interface SelectedRetry extends PlannedRetries {
  /** Results of all selected cards, including excluded ones; empty for a dry run. */
  results: RetryResult[];
  /** Failures that stopped the retry at individual kiosks. */
  stops: readonly Failure[];
  /** Number of API requests. */
  used: { reads: number; sends: number };
  /** The plan that was handed over to a server; null for none. */
  detached: PlanRecord | null;
}

/**
 * Retries the failed cards of a selection: shows the plan, prompts for confirmation, and sends a canary to each kiosk
 * before the other cards.
 * @throws Failure `usage`, `input-required`, `not-confirmed`, `leased`
 */
export async function retrySelection(
  ctx: Context,
  selection: RetrySelection,
  {
    isAttended,
    isDryRun,
    isUnlistedAllowed,
    describe,
    ignoresHolds = false,
    isFixed = false,
    detach,
    ...options
  }: SelectedRetryOptions,
): Promise<SelectedRetry> {
  if (!isDryRun) await requireListed(ctx, selection.toKiosk, isUnlistedAllowed);
  const plan = await planRetry(ctx, selection, { ignoresHolds });
  const covered = await readCovered(ctx);
  await noteEmptyJournal(ctx, countCards(plan) + plan.leftOut.length);
  const { used } = ctx.wise;
  if (isDryRun) return { plan, covered, results: [], stops: [], used, detached: null };
  noteJournal(ctx);
  if (countCards(plan) > 0) ctx.report.block(await describe({ plan, covered }));
  if (countSent(plan) > 0) await approve(ctx, plan, { isAttended, isFixed });
  const answeredAt = instantOf(ctx);
  const leftOut = plan.leftOut.map(leftOutResult);
  const running = { ...options, selection: nameSelection(selection) };
  if (detach) {
    const approved = { plan, leftOut, options: running, answeredAt };
    const detached = countSent(plan) > 0 ? await detach(ctx, approved) : null;
    return { plan, covered, results: [], stops: [], used: ctx.wise.used, detached };
  }
  const { results, stops } = await runRetries(ctx, plan, running);
  return { plan, covered, results: [...results, ...leftOut], stops, used: ctx.wise.used, detached: null };
}

/**
 * Prompts for confirmation that the kiosks are attended, and then for confirmation of the plan.
 * @throws Failure `not-confirmed`, `input-required`
 */
async function approve(
  ctx: Context,
  plan: RetryPlan,
  { isAttended, isFixed }: { isAttended: boolean; isFixed: boolean },
): Promise<void> {
  ctx.ask.requireAnswers([...(isAttended ? [] : ['--attended']), '--yes']);
  const kiosks = plan.kiosks.map(({ kioskId }) => kioskId).join(', ');
  const attended = `Is someone at ${kiosks} to collect the cards? Uncollected cards are rejected.`;
  if (!isAttended && !(await ctx.ask.confirm(attended, { flag: '--attended', isAnsweredByYes: false })))
    throw declined('Send someone to collect the cards, then run the command again.');
  const count = countSent(plan);
  const first = plan.kiosks.length === 1 ? 'one first' : 'one of each kiosk first';
  const what = count === 1 ? 'this card' : `these ${count} cards (${first})`;
  const question = `${isFixed ? '' : 'Is the cause fixed? '}Produce ${what} now?`;
  if (!(await ctx.ask.confirm(question, { flag: '--yes' })))
    throw declined('Fix the cause, then run the command again.');
}
