import type { Context } from '../context/context.ts';
import { withLeases } from '../context/leases.ts';
import { recordAction } from '../context/record-action.ts';
import { makeRunId } from '../context/run-id.ts';
import { isOpenPlan, type PlanFacts, type PlanRecord } from '../detached/plan.ts';
import type { PlanTerms } from '../detached/plan-terms.ts';
import { failure } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import type { NewPlanCard } from '../journal/journal.ts';
import type { ApprovedRetry, Detach } from '../kiosks/retry/retry-watcher.ts';
import { leasesOf } from '../kiosks/retry/run-retry.ts';
import { requireServer } from './announced-servers.ts';
import { momentOfAnswer, planClocks, readFresh, requireFresh } from './plan-clocks.ts';

/** The conditions for handing a plan over to a server. */
interface Detachment {
  kind: PlanFacts['kind'];
  terms: PlanTerms;
  /** Milliseconds within which a server must start the plan. */
  startWithin: number;
}

/**
 * Checks that a server accepts the plan of a command, before the command prompts for anything.
 * @returns the function that hands the approved plan over
 * @throws Failure `no-server`; `journal-unusable` for a schema without plans
 */
export async function prepareHandOver(ctx: Context, detachment: Detachment): Promise<Detach> {
  if (!(await ctx.journal.hasPlans()))
    throw failure(
      'journal-unusable',
      'The journal has the schema of an older version, without plans.',
      UPGRADE,
    );
  await requireServer(ctx, detachment.terms, ALONE);
  return async (approving, approved) => handOver(approving, approved, detachment);
}

/** Alternative to a server. */
const ALONE = 'Or run the command again without --detach.';

const UPGRADE = 'Upgrade it: kioskctl journal upgrade';

/**
 * Stores an approved plan for a server. Its kiosks and cards are locked meanwhile.
 * @throws Failure `no-server`, `plan-open`, `leased`, `credentials-…`; `not-confirmed` if the last answer is too old
 */
export async function handOver(
  ctx: Context,
  approved: ApprovedRetry,
  { kind, terms, startWithin }: Detachment,
): Promise<PlanRecord> {
  const { plan, options, answeredAt } = approved;
  const moment = await momentOfAnswer(ctx, answeredAt);
  const subjects = leasesOf(plan);
  return withLeases(ctx, { subjects, action: 'detach' }, async () => {
    await requireServer(ctx, terms, ALONE);
    const kioskIds = plan.kiosks.map(({ kioskId }) => kioskId);
    refuseOpenPlan(ctx, kioskIds, await ctx.journal.listPlans({ isOpen: true }, planClocks(ctx)));
    const [first] = plan.kiosks.flatMap(({ cards }) => cards);
    if (!first) throw new TypeError('a plan has no cards');
    const id = makeRunId(ctx.calendar.now());
    const vendor = await readFresh(ctx, first, { isApproval: true });
    await options.onApproved?.();
    // They may have expired while this machine was suspended.
    await ctx.journal.renewLeases(subjects);
    const approving: Context = { ...ctx, plan: { id, approval: null } };
    const kioskId = kioskIds.length === 1 ? (kioskIds[0] ?? null) : null;
    const { selection, maxFailures, settings, simulation } = options;
    return recordAction(approving, { action: 'approve', kioskId, selection }, async (action) =>
      ctx.journal.addPlan(
        {
          id,
          kind,
          terms,
          kioskIds,
          selection,
          maxFailures,
          timeout: ctx.timing.timeout,
          settings,
          simulation,
          approval: { action, startWithin, moment: { ...moment, vendor } },
          cards: toPlanCards(approved),
          at: ctx.calendar.now(),
        },
        planClocks(ctx),
        (open, now) => {
          requireFresh(ctx, { moment, answeredAt }, now);
          refuseOpenPlan(ctx, kioskIds, open);
        },
      ),
    );
  });
}

function toPlanCards({ plan, leftOut }: ApprovedRetry): NewPlanCard[] {
  const cards = plan.kiosks.flatMap((kiosk) => kiosk.cards);
  return [
    ...cards.map(({ cardToken, ...card }): NewPlanCard => {
      return { cardToken, record: { cardToken, ...card }, result: null };
    }),
    ...leftOut.map((result): NewPlanCard => {
      return { cardToken: result.card.cardToken, record: { kioskId: result.kioskId }, result };
    }),
  ];
}

/** Rejects a second plan for a kiosk. @throws Failure `plan-open` */
function refuseOpenPlan(ctx: Context, kioskIds: readonly string[], open: readonly PlanRecord[]): void {
  const other = open.find((one) => isOpenPlan(one) && one.kioskIds.some((id) => kioskIds.includes(id)));
  if (!other) return;
  throw failure(
    'plan-open',
    `Plan ${other.id} for kiosk ${other.kioskIds.join(', ')} is ${other.state}.`,
    `Show it: ${commandLine(['runs', 'show', other.id], ctx.invocation)}. Stop it: ${commandLine(['runs', 'cancel', other.id], ctx.invocation)}`,
  );
}
