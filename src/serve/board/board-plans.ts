import type { Context } from '../../context/context.ts';
import { isOpenPlan, type PlanRecord } from '../../detached/plan.ts';
import { commandLine } from '../../domain/next-command.ts';
import { redact } from '../../domain/text/redaction.ts';
import { planClocks } from '../../plans/plan-clocks.ts';

/** A detached plan on a board. */
export interface BoardPlan extends Pick<PlanRecord, 'id' | 'state' | 'cards' | 'counts' | 'exitCode'> {
  kiosks: string;
  /** user@host of the latest approval, and its reason. */
  approver: string;
  reason: string | null;
  /** Time of its approval or, if it has ended, of its end, in milliseconds since the epoch. */
  at: number;
  /** Complete and shell-quoted, with the environment. */
  command: string;
}

/** Time for which the latest plan that ended is shown, in milliseconds. */
const SHOWN_MS = 12 * 3_600_000;

/** Number of plans among which the latest one that ended is searched for. */
const PLANS_READ = 5;

/** Returns the open plans, newest first, and the latest one that ended. */
export async function listBoardPlans(ctx: Context): Promise<BoardPlan[]> {
  const clocks = planClocks(ctx);
  const open = await ctx.journal.listPlans({ isOpen: true }, clocks);
  const recent = await ctx.journal.listPlans({ limit: PLANS_READ }, clocks);
  const ended = recent.find((plan) => !isOpenPlan(plan));
  const isShown = ended && ctx.calendar.now() - endOf(ended) < SHOWN_MS;
  return [...open.filter(isOpenPlan), ...(isShown ? [ended] : [])].map((plan) => toBoardPlan(plan, ctx));
}

function endOf({ endedAt, approver }: PlanRecord): number {
  return endedAt ?? approver.at;
}

function toBoardPlan(plan: PlanRecord, { environment }: Context): BoardPlan {
  const { id, state, cards, counts, exitCode, kioskIds, approver } = plan;
  const words = ['runs', state === 'paused' ? 'approve' : 'show', id];
  return {
    id,
    state,
    cards,
    counts,
    exitCode,
    kiosks: kioskIds.join(', '),
    approver: `${approver.user}@${approver.host}`,
    reason: approver.reason && redact(approver.reason),
    at: isOpenPlan(plan) ? approver.at : endOf(plan),
    command: commandLine(words, { flags: ['--environment', environment] }),
  };
}
