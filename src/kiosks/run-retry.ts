import { awaitOutcome } from '../cards/produce.ts';
import { type CardWatcher, commandOn, forEachCard, type Lane } from '../cards/session/each-card.ts';
import { mayReadOnlyProduction } from '../cards/session/read-card.ts';
import { sendOnce, settleOpenAttempt } from '../cards/session/send.ts';
import type { CardSession } from '../cards/session/session.ts';
import { waitForResult } from '../cards/wait-produced.ts';
import type { Context } from '../context/context.ts';
import { leaseOnCard, leaseOnKiosk, withLeases } from '../context/leases.ts';
import type { CardCount } from '../context/progress.ts';
import { recordAction } from '../context/record-action.ts';
import { isOpen } from '../domain/attempt.ts';
import { asFailure, Failure } from '../domain/errors/failure.ts';
import type { Seen } from '../domain/guards.ts';
import { type KioskId, progressName } from '../domain/ids.ts';
import type { ProduceOptions } from '../domain/production.ts';
import type { CardResult } from '../domain/results.ts';
import { median } from '../domain/times/duration.ts';
import { advance, type CanaryState, START } from './canary.ts';
import { guardPlanned, type KioskPlan, type PlannedRetry, type RetryPlan } from './retry-plan.ts';

export interface RunOptions extends Omit<ProduceOptions, 'wait'> {
  /** Number of consecutive failures that stop the retry at a kiosk. */
  maxFailures: number;
  /** Name of the selection in the journal. */
  selection: string;
  /** Called after the leases on the cards are acquired, before the first request. */
  onApproved?: () => Promise<void>;
}

export interface RetryResult extends CardResult {
  /** Kiosk of the card; null for an excluded card that is at no kiosk. */
  kioskId: KioskId | null;
  /** True if the other cards waited for this card's production. */
  isCanary: boolean;
}

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
  const subjects = [
    ...lanes.map(({ kiosk }) => leaseOnKiosk(kiosk)),
    ...planned.map(({ cardToken }) => leaseOnCard(cardToken)),
  ];
  return withLeases(ctx, { subjects, action: 'retry' }, async () => {
    await options.onApproved?.();
    const watcher = new RetryWatcher(ctx, plan, options);
    try {
      const each = { lanes, watcher, command: commandOn('retry'), stop: watcher.stop.bind(watcher) };
      const results = await forEachCard(ctx, each, async (session, request) =>
        retryPlanned(ctx, session, { planned: request, ...options }),
      );
      await watcher.checkLeases();
      const described = results.map((result, index) => watcher.describe(result, planned[index]));
      return { results: described, stops: watcher.stops };
    } finally {
      watcher.close();
    }
  });
}

interface KioskState {
  canary: CanaryState;
  count: CardCount;
  /** Typical duration of a production at the kiosk, in milliseconds; null without earlier productions. */
  usual: number | null;
  /** Durations of this retry's productions, in milliseconds. */
  took: number[];
}

/** Decides after each card whether its kiosk receives another one, and shows the progress. */
class RetryWatcher implements CardWatcher<PlannedRetry> {
  readonly #ctx: Context;
  readonly #options: RunOptions;
  readonly #kiosks: ReadonlyMap<KioskId, KioskState>;
  /** Cards that were sent alone: the other cards of their kiosk waited for the result. */
  readonly #canaries = new Set<PlannedRetry>();

  constructor(ctx: Context, { kiosks }: RetryPlan, options: RunOptions) {
    this.#ctx = ctx;
    this.#options = options;
    this.#kiosks = new Map(kiosks.map((kiosk) => [kiosk.kioskId, toKioskState(kiosk)]));
  }

  /** Failures that stopped the retry at individual kiosks, including a lease that was lost after the last card. */
  readonly stops: Failure[] = [];

  /** True if no more cards may be sent to a kiosk. */
  async stop({ kiosk, cards }: Lane<PlannedRetry>, results: readonly CardResult[]): Promise<boolean> {
    const next = cards[results.length];
    if (kiosk === null || !next) return false;
    await this.#checkLeases(next.kioskId, [leaseOnKiosk(kiosk), leaseOnCard(next.cardToken)]);
    return this.#stateOf(next).canary.stop !== null;
  }

  /** Stops the retry at kiosks whose lease another process has acquired. */
  async checkLeases(): Promise<void> {
    if (this.#ctx.signal.aborted) return;
    for (const kioskId of this.#kiosks.keys()) await this.#checkLeases(kioskId, [leaseOnKiosk(kioskId)]);
  }

  async #checkLeases(kioskId: KioskId, leases: readonly string[]): Promise<void> {
    const { canary } = this.#stateOf({ kioskId });
    if (canary.stop !== null) return;
    try {
      if (await this.#ctx.journal.holdsLeases(leases)) return;
      const why = 'another process locked it while this one was suspended';
      this.#enter({ kioskId }, { ...canary, stop: { code: 'leased', why } });
    } catch (error) {
      const { code, message: why } = asFailure(error);
      this.#enter({ kioskId }, { ...canary, stop: { code, why } });
    }
  }

  begin(planned: PlannedRetry): void {
    const { canary, count } = this.#stateOf(planned);
    const isLast = count.done + count.failed === count.total - 1;
    if (!canary.isProven) this.#canaries.add(planned);
    const note = canary.isProven || isLast ? '' : ' (first card; the others wait for its result)';
    const since = this.#ctx.stopwatch.now();
    this.#show(planned, { current: { card: progressName(planned.one.card), note, since } });
  }

  end(planned: PlannedRetry, result: CardResult): void {
    const { canary, count, took, usual } = this.#stateOf(planned);
    this.#enter(planned, advance(canary, result, this.#options));
    if (result.outcome === 'done' && count.current) took.push(this.#ctx.stopwatch.since(count.current.since));
    const each = median(took) ?? usual;
    const done = count.done + (result.exitCode === 0 ? 1 : 0);
    const failed = count.failed + (result.exitCode === 0 ? 0 : 1);
    const timeLeft = each === null ? null : each * (count.total - done - failed);
    this.#show(planned, { done, failed, timeLeft, current: null });
  }

  describe(result: CardResult, planned: PlannedRetry | undefined): RetryResult {
    if (!planned) throw new TypeError('a result has no card in the plan');
    const { kioskId, one } = planned;
    const card = result.outcome === 'not-started' ? one.card : result.card;
    return { ...result, card, kioskId, isCanary: this.#canaries.has(planned) };
  }

  close(): void {
    this.#ctx.report.progress({ kind: 'cards', counts: [] });
  }

  #stateOf({ kioskId }: Pick<PlannedRetry, 'kioskId'>): KioskState {
    const state = this.#kiosks.get(kioskId);
    if (!state) throw new TypeError('a kiosk is not in the plan');
    return state;
  }

  #enter({ kioskId }: Pick<PlannedRetry, 'kioskId'>, canary: CanaryState): void {
    this.#stateOf({ kioskId }).canary = canary;
    const { stop } = canary;
    if (stop === null) return;
    const { code, exitCode, why } = stop;
    const message = `Nothing more is sent to kiosk ${kioskId}: ${why.replace(/\.$/, '')}.`;
    // The final error repeats this message. Show it early only while other kiosks continue.
    if (this.#kiosks.size > 1) this.#ctx.report.warn(message);
    const hint =
      'Once the cause is gone, run the same command again: it continues with the cards that are left.';
    this.stops.push(new Failure(code, message, { hint, ...(exitCode !== undefined && { exitCode }) }));
  }

  #show(planned: PlannedRetry, news: Partial<CardCount>): void {
    const state = this.#stateOf(planned);
    state.count = { ...state.count, ...news };
    const counts = [...this.#kiosks.values()].map(({ count }) => count);
    this.#ctx.report.progress({ kind: 'cards', counts });
  }
}

function toKioskState({ kioskId, cards, usual }: KioskPlan): KioskState {
  const numbers = { total: cards.length, done: 0, failed: 0, perSecond: null, timeLeft: null };
  const count = { title: kioskId, verb: 'produced', groups: new Map(), current: null, ...numbers } as const;
  return { canary: START, count, usual, took: [] };
}

/**
 * Sends a planned card, or waits for a card that another command sent.
 * @returns true if the card was sent; false if it was already produced or in production; undefined after a wait
 */
async function retryPlanned(ctx: Context, session: CardSession, options: Producing): Promise<boolean | void> {
  const { planned, selection } = options;
  session.setNeedsOnlyProduction(await mayReadOnlyProduction(ctx, session.identity));
  if (planned.turn === 'joined') return awaitJoined(ctx, session, options);
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
