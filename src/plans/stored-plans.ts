import { instantOf } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import { JournalChanges } from '../context/journal-changes.ts';
import { recordAction, withReason } from '../context/record-action.ts';
import { approvePlan, cancelPlan, isOpenPlan, PLAN_GAP_MS, type PlanRecord } from '../detached/plan.ts';
import { differenceOf, type PlanTerms } from '../detached/plan-terms.ts';
import { asFailure, type Failure, failure } from '../domain/errors/failure.ts';
import type { KioskId } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import { type CardResult, isOfJournal } from '../domain/results.ts';
import type { PlanCard } from '../journal/journal.ts';
import { requireServer } from './announced-servers.ts';
import { momentOfAnswer, planClocks, readFresh, requireFresh } from './plan-clocks.ts';
import { plannedOf, type StoredResult } from './remaining-cards.ts';

/** A plan with its cards. */
export interface StoredPlan {
  plan: PlanRecord;
  cards: readonly ShownCard[];
}

/** A card of a plan, with its result so far. */
export interface ShownCard extends Omit<CardResult, 'outcome'> {
  /** null for a card that was sent and has no result yet. */
  outcome: CardResult['outcome'] | null;
  kioskId: KioskId | null;
}

function toShownCards(cards: readonly PlanCard[]): ShownCard[] {
  return cards.flatMap((card): ShownCard[] => {
    const planned = plannedOf(card);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- stored by the execution
    const stored = card.result as StoredResult | null;
    if (stored) return [{ ...stored, kioskId: stored.kioskId ?? planned?.kioskId ?? null }];
    if (!planned) return [];
    const outcome = card.attemptId === null ? 'not-started' : null;
    return [{ card: planned.one.card, kioskId: planned.kioskId, outcome, exitCode: null }];
  });
}

/** Returns a plan with its cards; null if the journal has no such plan. */
export async function findStoredPlan(ctx: Context, id: string): Promise<StoredPlan | null> {
  const plan = await ctx.journal.findPlan(id, planClocks(ctx));
  return plan && { plan, cards: toShownCards(await ctx.journal.listPlanCards(id)) };
}

/**
 * Returns the plan that a command changes.
 * @throws Failure `not-found`, `plan-stopped` for a run of a scenario
 */
async function requirePlan(ctx: Context, id: string): Promise<PlanRecord> {
  const plan = await ctx.journal.findPlan(id, planClocks(ctx));
  if (plan) return plan;
  const list = `List them: ${commandLine(['runs', 'list'], ctx.invocation)}`;
  if (await ctx.journal.findRun(id))
    throw failure('plan-stopped', `Run ${id} is no detached plan. Ctrl-C ends it where it runs.`, list);
  throw failure('not-found', `The journal of ${ctx.environment} has no plan ${id}.`, list);
}

/** The result of a change of a plan. `changed`: false if the plan was so already. */
export interface ChangedPlan {
  plan: PlanRecord;
  changed: boolean;
}

/**
 * Cancels an open plan: nothing more is sent for it. A card that is in its kiosk continues.
 * @throws Failure `not-found`, `plan-stopped` for a plan that has ended, `input-required` without a reason
 */
export async function cancelStoredPlan(ctx: Context, id: string): Promise<ChangedPlan> {
  const why = { question: 'Reason for cancelling the plan?', refusal: 'Cancelling a plan needs a reason.' };
  const before = await requirePlan(ctx, id);
  const because = await withReason(ctx, why);
  if (before.state === 'cancelled') return { plan: before, changed: false };
  const acting: Context = { ...because, plan: { id, approval: null } };
  const kioskId = onlyKiosk(before);
  const plan = await recordAction(acting, { action: 'cancel-plan', kioskId }, async () => {
    const cause = `Cancelled: ${because.reason ?? ''}`;
    let changed = false;
    const after = await ctx.journal.changePlan(id, planClocks(ctx), (one) => {
      const change = cancelPlan(one, cause);
      changed = change !== null;
      return change;
    });
    if (!after || !changed) throw hasEnded(ctx, after ?? before);
    return after;
  });
  return { plan, changed: true };
}

function hasEnded(ctx: Context, { id, state }: PlanRecord): Failure {
  const show = commandLine(['runs', 'show', id], ctx.invocation);
  return failure('plan-stopped', `Plan ${id} is ${state}.`, `Show it: ${show}`);
}

interface ApproveOptions {
  /** True if a flag confirms that someone collects the cards; otherwise the user is prompted. */
  isAttended: boolean;
  /** Milliseconds within which a server must start it. */
  startWithin: number;
  terms: PlanTerms;
}

/**
 * Approves a plan that paused once more: a server continues with the cards that are left.
 * @throws Failure `not-found`, `plan-stopped` for any other plan, `no-server`, `not-confirmed`, `input-required`,
 *   `credentials-…`
 */
export async function approveStoredPlan(
  ctx: Context,
  id: string,
  { isAttended, startWithin, terms }: ApproveOptions,
): Promise<ChangedPlan> {
  const before = await requirePlan(ctx, id);
  if (before.state !== 'paused') throw notPaused(ctx, before);
  const difference = differenceOf(before.terms, terms);
  if (difference !== null)
    throw failure(
      'no-server',
      `Plan ${id} was made with other settings than these: ${difference}.`,
      'Use the settings of the plan.',
    );
  await requireServer(ctx, terms);
  await askToContinue(ctx, before, isAttended);
  const answeredAt = instantOf(ctx);
  const moment = await momentOfAnswer(ctx, answeredAt);
  const [card] = (await ctx.journal.listPlanCards(id)).flatMap((one) => plannedOf(one) ?? []);
  const vendor = card ? await readFresh(ctx, card, { isApproval: true }) : null;
  const acting: Context = { ...ctx, plan: { id, approval: null } };
  const plan = await recordAction(
    acting,
    { action: 'approve', kioskId: onlyKiosk(before), selection: before.selection },
    async (action) => {
      const approval = { action, startWithin, moment: { ...moment, vendor } };
      const after = await ctx.journal.changePlan(id, planClocks(ctx), (one, now) => {
        requireFresh(ctx, { moment, answeredAt }, now);
        return approvePlan(one, now, approval);
      });
      if (after?.approval.action !== action) throw notPaused(ctx, after ?? before);
      return after;
    },
  );
  return { plan, changed: true };
}

async function askToContinue(ctx: Context, plan: PlanRecord, isAttended: boolean): Promise<void> {
  ctx.ask.requireAnswers([...(isAttended ? [] : ['--attended']), '--yes']);
  const kiosks = plan.kioskIds.join(', ');
  const attended = `Is someone at ${kiosks} to collect the cards? Uncollected cards are rejected.`;
  const isThere =
    isAttended || (await ctx.ask.confirm(attended, { flag: '--attended', isAnsweredByYes: false }));
  const question = `Continue plan ${plan.id} with ${plan.counts.left} of ${plan.cards} cards at ${kiosks}?`;
  if (isThere && (await ctx.ask.confirm(question, { flag: '--yes' }))) return;
  throw failure(
    'not-confirmed',
    'The plan was not approved. Nothing is sent for it.',
    'Approve it later, or cancel it.',
  );
}

function notPaused(ctx: Context, { id, state }: PlanRecord): Failure {
  const show = commandLine(['runs', 'show', id], ctx.invocation);
  return failure(
    'plan-stopped',
    `Plan ${id} is ${state}. Only a paused plan can be approved again.`,
    `Show it: ${show}`,
  );
}

function onlyKiosk({ kioskIds }: PlanRecord) {
  return kioskIds.length === 1 ? (kioskIds[0] ?? null) : null;
}

/**
 * Reads a plan until it has ended. Waits for a journal that is away for a moment.
 * @param onChange receives each state that differs from the one before
 * @throws Failure `journal-unusable`, `journal-replaced`: only the view has ended
 */
export async function followPlan(
  ctx: Context,
  id: string,
  { onChange, onRead }: { onChange: (seen: StoredPlan) => Promise<void>; onRead: () => void },
): Promise<StoredPlan> {
  using changes = new JournalChanges(ctx);
  let shown = '';
  try {
    for (;;) {
      const seen = await readPatiently(ctx, id);
      if (!seen)
        throw failure('not-found', `The journal has no plan ${id} any more.`, 'It may have been replaced.');
      const { plan } = seen;
      const now = JSON.stringify([plan.state, plan.counts, plan.executor, plan.approval.number]);
      if (now !== shown) await onChange(seen);
      shown = now;
      onRead();
      if (!isOpenPlan(plan)) return seen;
      await changes.sleep(1_000);
    }
  } catch (error) {
    if (ctx.signal.aborted) ctx.report.note(onlyViewEnded(ctx, id));
    throw error;
  }
}

function onlyViewEnded(ctx: Context, id: string): string {
  return `Only this view ended: plan ${id} continues. Follow it: ${followCommand(ctx, id)}`;
}

/** Returns the hint after a fault of the journal here, which says nothing about the journal of the server. */
function followAgain(ctx: Context, id: string): string {
  return `Only this view ended. A server continues plan ${id}, unless the journal is away there, too. Follow it again: ${followCommand(ctx, id)}`;
}

function followCommand({ invocation }: Context, id: string): string {
  return commandLine(['runs', 'show', id, '--follow'], invocation);
}

/** Pause between two reads while the journal is away, in milliseconds. */
const AWAY_PAUSE_MS = 1_000;

/** Reads a plan. While the journal is away, its server may continue it for a minute, so that is waited for. */
async function readPatiently(ctx: Context, id: string): Promise<StoredPlan | null> {
  const { stopwatch, signal, report } = ctx;
  const since = stopwatch.now();
  for (let times = 1; ; times += 1) {
    try {
      return await findStoredPlan(ctx, id);
    } catch (error) {
      signal.throwIfAborted();
      const { code, message } = asFailure(error);
      if (!isOfJournal(code)) throw error;
      if (code === 'journal-replaced' || stopwatch.since(since) >= PLAN_GAP_MS)
        throw failure(code, message, followAgain(ctx, id));
      if (times === 1) report.warn(`${message} Trying again. Plan ${id} continues at its server.`);
      await stopwatch.sleep(AWAY_PAUSE_MS, signal);
    }
  }
}
