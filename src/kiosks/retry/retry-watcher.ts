import type { CardWatcher, Lane } from '../../cards/session/each-card.ts';
import type { Instant } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import { leaseOnCard, leaseOnKiosk } from '../../context/leases.ts';
import type { CardCount } from '../../context/progress.ts';
import type { PlanRecord } from '../../detached/plan.ts';
import { asFailure, Failure } from '../../domain/errors/failure.ts';
import { type KioskId, progressName } from '../../domain/ids.ts';
import { commandLine } from '../../domain/next-command.ts';
import type { ProduceOptions } from '../../domain/production.ts';
import { type CardResult, outcomeOf } from '../../domain/results.ts';
import { median } from '../../domain/times/duration.ts';
import { advance, type CanaryState, START, type Stop } from './canary.ts';
import type { KioskPlan, LeftOut, PlannedRetry, RetryPlan } from './retry-plan.ts';

export interface RunOptions extends Omit<ProduceOptions, 'wait'> {
  /** Number of consecutive failures that stop the retry at a kiosk. */
  maxFailures: number;
  /** Name of the selection in the journal. */
  selection: string;
  /** Called after the leases on the cards are acquired, before the first request. */
  onApproved?: () => Promise<void>;
  /** Set for a detached plan. */
  execution?: PlanExecution;
}

/** The parts of a retry that a detached plan stores, so that another server can continue it. */
export interface PlanExecution {
  /** The states in which kiosks were left. */
  canaries: ReadonlyMap<KioskId, CanaryState>;
  /** Stores the result of a card. */
  onResult: (planned: PlannedRetry, result: CardResult) => Promise<void>;
  /** Returns why no further card may be sent; null if one may. */
  findStop: () => Promise<Stop | null>;
}

export interface RetryResult extends CardResult {
  /** Kiosk of the card; null for an excluded card that is at no kiosk. */
  kioskId: KioskId | null;
  /** True if the other cards waited for this card's production. */
  isCanary: boolean;
}

/** Returns the result of a card that is left out of a plan. */
export function leftOutResult({ card, kioskId, failure }: LeftOut): RetryResult {
  const error = failure.toDocument();
  const { exitCode, isRefusal } = failure;
  return { card, kioskId, outcome: outcomeOf(error, exitCode, isRefusal), exitCode, error, isCanary: false };
}

/** Hands an approved plan over to a server. */
export type Detach = (ctx: Context, approved: ApprovedRetry) => Promise<PlanRecord>;

/** A plan that a user has approved. */
export interface ApprovedRetry {
  plan: RetryPlan;
  /** Results of the cards that are left out. */
  leftOut: readonly RetryResult[];
  options: RunOptions;
  /** The moment of the user's last answer. */
  answeredAt: Instant;
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
export class RetryWatcher implements CardWatcher<PlannedRetry> {
  readonly #ctx: Context;
  readonly #options: RunOptions;
  readonly #kiosks: ReadonlyMap<KioskId, KioskState>;
  /** Cards that were sent alone: the other cards of their kiosk waited for the result. */
  readonly #canaries = new Set<PlannedRetry>();
  readonly #storing: Promise<void>[] = [];
  /** Why the result of a card could not be stored; null if it was. */
  #unstored: Stop | null = null;

  constructor(ctx: Context, { kiosks }: RetryPlan, options: RunOptions) {
    this.#ctx = ctx;
    this.#options = options;
    const canaries = options.execution?.canaries;
    this.#kiosks = new Map(kiosks.map((kiosk) => [kiosk.kioskId, toKioskState(kiosk, canaries)]));
    for (const [kioskId, { canary }] of this.#kiosks) if (canary.stop) this.#enter({ kioskId }, canary);
  }

  /** Failures that stopped the retry at individual kiosks, including a lease that was lost after the last card. */
  readonly stops: Failure[] = [];

  /** True if no more cards may be sent to a kiosk. */
  async stop({ kiosk, cards }: Lane<PlannedRetry>, results: readonly CardResult[]): Promise<boolean> {
    const next = cards[results.length];
    if (kiosk === null || !next) return false;
    await this.#checkPlan(next);
    await this.#checkLeases(next.kioskId, [leaseOnKiosk(kiosk), leaseOnCard(next.cardToken)]);
    return this.#stateOf(next).canary.stop !== null;
  }

  /** Stops the retry at kiosks whose lease another process has acquired. */
  async checkLeases(): Promise<void> {
    if (this.#ctx.signal.aborted) return;
    for (const kioskId of this.#kiosks.keys()) await this.#checkLeases(kioskId, [leaseOnKiosk(kioskId)]);
  }

  /** Waits until the results of cards are stored. */
  async settle(): Promise<void> {
    await Promise.all(this.#storing);
  }

  /** Stops the retry at a kiosk if its plan was stopped, or if the results of its cards can't be stored. */
  async #checkPlan(next: PlannedRetry): Promise<void> {
    const { execution } = this.#options;
    const { canary } = this.#stateOf(next);
    if (!execution || canary.stop !== null) return;
    await this.settle();
    const stop = this.#unstored ?? (await execution.findStop());
    if (stop !== null) this.#enter(next, { ...canary, stop });
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
    this.#store(planned, result);
  }

  #store(planned: PlannedRetry, result: CardResult): void {
    const stored = this.#options.execution?.onResult(planned, result).catch((error: unknown) => {
      const { code, message: why } = asFailure(error);
      this.#unstored ??= { code, why };
    });
    if (stored) this.#storing.push(stored);
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
    const hint = this.#options.execution
      ? `Once the cause is gone, make another plan for the cards that are left: ${commandLine(['kiosk', 'recover', kioskId], this.#ctx.invocation)}`
      : 'Once the cause is gone, run the same command again: it continues with the cards that are left.';
    this.stops.push(new Failure(code, message, { hint, ...(exitCode !== undefined && { exitCode }) }));
  }

  #show(planned: PlannedRetry, news: Partial<CardCount>): void {
    const state = this.#stateOf(planned);
    state.count = { ...state.count, ...news };
    const counts = [...this.#kiosks.values()].map(({ count }) => count);
    this.#ctx.report.progress({ kind: 'cards', counts });
  }
}

function toKioskState(
  { kioskId, cards, usual }: KioskPlan,
  canaries?: ReadonlyMap<KioskId, CanaryState>,
): KioskState {
  const numbers = { total: cards.length, done: 0, failed: 0, perSecond: null, timeLeft: null };
  const count = { title: kioskId, verb: 'produced', groups: new Map(), current: null, ...numbers } as const;
  return { canary: canaries?.get(kioskId) ?? START, count, usual, took: [] };
}
