import { awaitOutcome } from '../../cards/produce.ts';
import { commandOn, forEachCard } from '../../cards/session/each-card.ts';
import { mayReadOnlyProduction } from '../../cards/session/read-card.ts';
import { sendOnce, settleOpenAttempt } from '../../cards/session/send.ts';
import type { CardSession } from '../../cards/session/session.ts';
import { waitForResult } from '../../cards/wait-produced.ts';
import type { Context } from '../../context/context.ts';
import { leaseOnCard, leaseOnKiosk, withLeases } from '../../context/leases.ts';
import { recordAction } from '../../context/record-action.ts';
import { isOpen } from '../../domain/attempt.ts';
import type { Failure } from '../../domain/errors/failure.ts';
import type { Seen } from '../../domain/guards.ts';
import { guardPlanned, type PlannedRetry, type RetryPlan } from './retry-plan.ts';
import { type RetryResult, RetryWatcher, type RunOptions } from './retry-watcher.ts';

/**
 * Executes a retry plan. Kiosks are processed in parallel; each one receives a canary first, and then one card at a
 * time. Cards and kiosks are locked meanwhile.
 * @returns the results of all cards, started or not, and the failures that stopped the retry at individual kiosks
 * @throws Failure `leased`
 */
export async function runRetries(
  ctx: Context,
  plan: RetryPlan,
  options: RunOptions,
): Promise<{ results: RetryResult[]; stops: Failure[] }> {
  const lanes = plan.kiosks.map(({ kioskId, cards }) => ({ kiosk: kioskId, cards }));
  const planned = lanes.flatMap(({ cards }) => cards);
  return withLeases(ctx, { subjects: leasesOf(plan), action: 'retry' }, async () => {
    await options.onApproved?.();
    const watcher = new RetryWatcher(ctx, plan, options);
    try {
      const each = { lanes, watcher, command: commandOn('retry'), stop: watcher.stop.bind(watcher) };
      const results = await forEachCard(ctx, each, async (session, request) =>
        retryPlanned(ctx, session, { planned: request, ...options }),
      );
      await watcher.settle();
      await watcher.checkLeases();
      const described = results.map((result, index) => watcher.describe(result, planned[index]));
      return { results: described, stops: watcher.stops };
    } finally {
      watcher.close();
    }
  });
}

/** Returns the leases that a retry needs. */
export function leasesOf({ kiosks }: RetryPlan): string[] {
  const cards = kiosks.flatMap((kiosk) => kiosk.cards);
  return [
    ...kiosks.map(({ kioskId }) => leaseOnKiosk(kioskId)),
    ...cards.map(({ cardToken }) => leaseOnCard(cardToken)),
  ];
}

/**
 * Sends a planned card, or waits for a card that another command sent.
 * @returns true if the card was sent; false if it was already produced or in production; undefined after a wait
 */
async function retryPlanned(ctx: Context, session: CardSession, options: Producing): Promise<boolean | void> {
  const { planned, selection } = options;
  session.setNeedsOnlyProduction(await mayReadOnlyProduction(ctx, session.identity));
  if (planned.turn === 'joined' && !(planned.isInterrupted && (await wasNotSeen(ctx, session, planned))))
    return awaitJoined(ctx, session, options);
  const action = { card: session, action: 'retry', kioskId: planned.kioskId, selection } as const;
  return recordAction(ctx, action, async () => produceAgain(ctx, session, options));
}

interface Producing extends RunOptions {
  planned: PlannedRetry;
}

/**
 * Sends a card and waits for its result.
 * @returns true if the card was sent; false if it was already produced or in production
 */
async function produceAgain(
  ctx: Context,
  session: CardSession,
  { planned, simulation, settings }: Producing,
): Promise<boolean> {
  const { kioskId } = planned;
  const request = { ...settings, kioskId };
  const guard = (seen: Seen) => guardPlanned(seen, planned, request);
  const attempt = await sendOnce(ctx, session, { kioskId, guard });
  // The remaining reads only need the result of the attempt.
  session.setNeedsOnlyProduction(true);
  await awaitOutcome(ctx, session, { attempt, wait: true, simulation });
  return attempt !== null;
}

/**
 * Settles the attempt of a killed server.
 * @returns true if Wise shows no sign of the request, so that the card can be sent again
 */
async function wasNotSeen(ctx: Context, session: CardSession, { one }: PlannedRetry): Promise<boolean> {
  const { attempt } = one;
  if (!attempt) return false;
  if (isOpen(attempt)) await settleOpenAttempt(ctx, session, attempt);
  const attempts = await ctx.journal.listAttempts(attempt.cardToken);
  return attempts.at(-1)?.id === attempt.id && attempts.at(-1)?.outcome === 'not-seen';
}

/** Waits for the result of a card that another command sent. */
async function awaitJoined(
  ctx: Context,
  session: CardSession,
  { planned, simulation }: Producing,
): Promise<void> {
  const { attempt } = planned.one;
  if (attempt && isOpen(attempt)) await settleOpenAttempt(ctx, session, attempt);
  await waitForResult(ctx, session, { simulation, ...(attempt && { attemptId: attempt.id }) });
}
