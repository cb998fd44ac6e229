// Detached plans in the simulation: users who hand them over, and servers that carry them out.
import type { Context } from '../../src/context/context.ts';
import type { PlanTerms } from '../../src/detached/plan-terms.ts';
import type { KioskId } from '../../src/domain/ids.ts';
import { retrySelection } from '../../src/kiosks/retry-selection.ts';
import { prepareHandOver } from '../../src/plans/hand-over.ts';
import { planClocks } from '../../src/plans/plan-clocks.ts';
import { PlanServer } from '../../src/plans/plan-server.ts';
import { approveStoredPlan, cancelStoredPlan } from '../../src/plans/stored-plans.ts';

const TERMS: PlanTerms = { context: 'sandbox', api: 'simulated', credentials: 'k1', major: 1 };

/** Time within which a server must start a plan, in milliseconds. It is short, so that plans expire in schedules. */
export const START_WITHIN_MS = 30_000;

/** Hands a retry of the failed cards at a kiosk over. */
export async function detach(ctx: Context, kioskId: KioskId): Promise<void> {
  const selection = { kioskIds: [kioskId], errorCodes: [], exclude: [], limit: null, toKiosk: null };
  await retrySelection(ctx, selection, {
    isAttended: true,
    isDryRun: false,
    isUnlistedAllowed: false,
    describe: async () => Promise.resolve(''),
    maxFailures: 2,
    settings: {},
    simulation: null,
    detach: await prepareHandOver(ctx, { kind: 'retry', terms: TERMS, startWithin: START_WITHIN_MS }),
  });
}

/** Runs a server that accepts plans, until its signal. */
export async function servePlans(ctx: Context): Promise<void> {
  await new PlanServer(ctx, TERMS).run();
}

/** Approves the latest plan once more if it paused, or cancels it. */
export async function changePlan(ctx: Context, kind: 'approve a plan' | 'cancel a plan'): Promise<void> {
  const [plan] = await ctx.journal.listPlans({ isOpen: true }, planClocks(ctx));
  if (!plan) return;
  if (kind === 'cancel a plan') await cancelStoredPlan(ctx, plan.id);
  else if (plan.state === 'paused')
    await approveStoredPlan(ctx, plan.id, { isAttended: true, startWithin: START_WITHIN_MS, terms: TERMS });
}
