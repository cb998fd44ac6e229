import pMap from 'p-map';
import { cancelOne } from '../cards/cancel.ts';
import { CardSession } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import { recordAction } from '../context/record-action.ts';
import { asFailure } from '../domain/errors/failure.ts';
import { formatReference } from '../domain/ids.ts';
import type { FreedPlaces, RunCard } from '../domain/run.ts';
import { pagesOfRunCards } from '../journal/run-cards.ts';
import { listPrograms } from '../wise/orders.ts';
import type { Run } from './run.ts';

type Order = RunCard['orders'][number];

/** The time that an order has to read CANCELLED, in milliseconds: the limits of steps do not apply. */
const CANCEL_MS = 60_000;

/** Orders that ended without kioskctl have nothing to cancel. */
const ENDED = new Set(['COMPLETED', 'RETURNED']);

/**
 * Cancels the orders of a run that are not cancelled yet.
 * @param say called once, if there is something to cancel
 * @returns for each profile, if that freed places of its card limit
 */
export async function cleanUp(run: Run, say: (text: string) => void): Promise<FreedPlaces[]> {
  const { ctx } = run;
  let isSaid = false;
  const limits = new Map<number, boolean>();
  for await (const cards of pagesOfRunCards(ctx.journal, run.record.id)) {
    const left = cards.filter(({ orders }) => orders.some(({ cleanUp }) => cleanUp === null));
    if (left.length > 0 && !isSaid) say('Cancelling what the run ordered.');
    isSaid ||= left.length > 0;
    const profiles = new Set(left.flatMap(({ orders }) => orders.map(({ profileId }) => profileId)));
    for (const profileId of profiles)
      if (!limits.has(profileId)) limits.set(profileId, await isAtLimit(ctx, profileId));
    await pMap(left, async (card) => cleanCard(run, card), { concurrency: run.record.concurrency });
    if (ctx.signal.aborted) break;
  }
  return Promise.all(
    [...limits].map(async ([profileId, wasAtLimit]) => ({
      profileId,
      isFreed: wasAtLimit ? !(await isAtLimit(ctx, profileId)) : null,
    })),
  );
}

/** True if a profile can order no more cards: no physical program is offered. */
async function isAtLimit(ctx: Context, profileId: number): Promise<boolean> {
  const programs = await listPrograms(ctx.wise, profileId).catch(() => null);
  return programs !== null && programs.every(({ cardType }) => cardType !== 'PHYSICAL');
}

async function cleanCard(run: Run, card: RunCard): Promise<void> {
  for (const order of card.orders) {
    if (order.cleanUp !== null || run.ctx.signal.aborted) continue;
    order.cleanUp = await cancelOrder(run, order);
  }
  await run.save(card);
}

async function cancelOrder(run: Run, { profileId, orderId }: Order): Promise<Order['cleanUp']> {
  const { record } = run;
  const ctx = { ...run.ctx, timing: { ...run.ctx.timing, timeout: CANCEL_MS } };
  const session = new CardSession(ctx, { profileId, orderId, cardToken: null });
  const act = { card: session, action: 'cancel', selection: `run ${record.id}` } as const;
  try {
    const isCancelled = await recordAction(ctx, act, async () => cancelOne(ctx, session));
    return isCancelled ? 'cancelled' : 'ended-before';
  } catch (error) {
    if (ctx.signal.aborted) return null;
    if (ENDED.has(session.card.orderStatus ?? '')) return 'ended-before';
    const { message } = asFailure(error);
    const name = formatReference({ profileId, orderId, cardToken: null });
    ctx.report.warn(`Order ${name} could not be cancelled: ${message}`);
    return 'failed';
  }
}
