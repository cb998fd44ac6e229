import { awaitOutcome } from '../cards/produce.ts';
import { type CardWatcher, forEachCard, type Lane } from '../cards/session/each-card.ts';
import { mayReadOnlyProduction } from '../cards/session/read-card.ts';
import { sendOnce, settleOpenAttempt } from '../cards/session/send.ts';
import type { CardSession } from '../cards/session/session.ts';
import { waitForResult } from '../cards/wait-produced.ts';
import type { BoardRow, Context } from '../context/context.ts';
import { leaseOnCard, leaseOnKiosk, withLeases } from '../context/leases.ts';
import { recordAction } from '../context/record-action.ts';
import { isOpen } from '../domain/attempt.ts';
import { cardLabel } from '../domain/card.ts';
import { type Decision, guardRetry, type Seen } from '../domain/guards.ts';
import { type CardIdentity, identityOf, type KioskId } from '../domain/ids.ts';
import { isLater, isSameProduction, type Production, type Simulation } from '../domain/production.ts';
import type { CardResult } from '../domain/results.ts';
import { median } from '../domain/times/duration.ts';
import { advance, type CanaryState, START } from './canary.ts';
import type { PlannedRetry, RetryPlan } from './retry-plan.ts';

export interface RunOptions {
  /** The number of failures in a row that stop the retry at a kiosk. */
  maxFailures: number;
  /** In a sandbox: what becomes of each card. */
  simulation: Simulation | null;
  /** The name of the selection, for the journal. */
  selection: string;
  /** Runs after the leases on the cards are acquired, before anything is sent. */
  onApproved?: () => Promise<void>;
}

/** The result of a retry for one card. */
export interface RetryResult extends CardResult {
  kioskId: KioskId;
  /** Was it the one that had to come out before the others were sent? */
  isCanary: boolean;
}

/**
 * Produces the cards of a plan again: at each kiosk one after the other, a canary first; kiosks side by side. Nobody else
 * can act on these cards and kiosks meanwhile.
 * @returns a result for each card; those that were not started any more included
 * @throws Failure `leased`
 */
export async function runRetries(ctx: Context, plan: RetryPlan, options: RunOptions): Promise<RetryResult[]> {
  const lanes = plan.kiosks.map(({ kioskId, cards }) => ({ kiosk: kioskId, cards: cards.map(toRequest) }));
  const planned = lanes.flatMap(({ cards }) => cards);
  const subjects = lanes.flatMap(({ kiosk, cards }) => [leaseOnKiosk(kiosk), ...cards.map(leaseOn)]);
  return withLeases(ctx, { subjects, action: 'retry' }, async () => {
    await options.onApproved?.();
    const watcher = new RetryWatcher(ctx, plan, options);
    try {
      const each = { lanes, watcher, stop: watcher.stop.bind(watcher) };
      const results = await forEachCard(ctx, each, async (session, request) =>
        retryPlanned(ctx, session, { planned: request, ...options }),
      );
      return results.map((result, index) => watcher.describe(result, planned[index]));
    } finally {
      watcher.close();
    }
  });
}

/** A planned card as a request of the executor. */
type PlannedRequest = PlannedRetry & CardIdentity;

function toRequest(planned: PlannedRetry): PlannedRequest {
  return { ...planned, ...identityOf(planned.one.card) };
}

function leaseOn({ cardToken }: CardIdentity): string {
  return leaseOnCard(cardToken);
}

/** Decides after each card whether its kiosk gets another one, and shows the progress. */
class RetryWatcher implements CardWatcher<PlannedRequest> {
  readonly #ctx: Context;
  readonly #options: RunOptions;
  readonly #board: RetryBoard;
  readonly #states = new Map<string, CanaryState>();
  /** The cards that had to be produced before the others of their kiosk were sent. */
  readonly #canaries = new Set<PlannedRequest>();

  constructor(ctx: Context, plan: RetryPlan, options: RunOptions) {
    this.#ctx = ctx;
    this.#options = options;
    this.#board = new RetryBoard(ctx, plan);
  }

  /** Returns why nothing more is sent to a kiosk; null while it gets the next card. */
  async stop({ kiosk, cards }: Lane<PlannedRequest>, results: readonly CardResult[]): Promise<string | null> {
    const next = cards[results.length];
    if (kiosk === null || !next) return null;
    const state = this.#stateOf(kiosk);
    if (state.stop === null && !(await this.#ctx.journal.holdsLeases([leaseOnKiosk(kiosk), leaseOn(next)])))
      this.#enter(kiosk, { ...state, stop: 'another process took over while this one stood still' });
    return this.#stateOf(kiosk).stop;
  }

  begin(planned: PlannedRequest): void {
    const isCanary = !this.#stateOf(planned.kioskId).isProven;
    if (isCanary) this.#canaries.add(planned);
    this.#board.begin(planned, { isCanary });
  }

  end({ kioskId }: PlannedRequest, result: CardResult): void {
    this.#enter(kioskId, advance(this.#stateOf(kioskId), result, this.#options));
    this.#board.end(kioskId, result);
  }

  describe(result: CardResult, planned: PlannedRequest | undefined): RetryResult {
    if (!planned) throw new TypeError('a result has no card in the plan');
    const { kioskId, one } = planned;
    const card = result.outcome === 'not-started' ? one.card : result.card;
    return { ...result, card, kioskId, isCanary: this.#canaries.has(planned) };
  }

  close(): void {
    this.#board.close();
  }

  #stateOf(kioskId: KioskId): CanaryState {
    return this.#states.get(kioskId) ?? START;
  }

  #enter(kioskId: KioskId, state: CanaryState): void {
    this.#states.set(kioskId, state);
    if (state.stop !== null)
      this.#ctx.report.warn(`Nothing more is sent to kiosk ${kioskId}: ${state.stop}.`);
  }
}

/** @returns whether it was sent; nothing for a card that was sent before and is awaited */
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

/** @returns whether it was sent */
async function produceAgain(
  ctx: Context,
  session: CardSession,
  { planned, simulation }: Producing,
): Promise<boolean> {
  const { kioskId } = planned;
  const attempt = await sendOnce(ctx, session, { kioskId, guard: (seen) => guardPlanned(seen, planned) });
  // Its result is all that is waited for.
  session.setNeedsOnlyProduction(true);
  await awaitOutcome(ctx, session, { attempt, wait: true, simulation });
  return attempt !== null;
}

/** Some command sent it: what became of it is awaited, and it is not sent again in this one. */
async function awaitJoined(
  ctx: Context,
  session: CardSession,
  { planned, simulation }: Producing,
): Promise<void> {
  const { attempt } = planned.one;
  if (attempt && isOpen(attempt)) await settleOpenAttempt(ctx, session, attempt);
  await waitForResult(ctx, session, { simulation, ...(attempt && { attemptId: attempt.id }) });
}

/** Only what was approved is repeated: a card with which something else happened since is left alone. */
function guardPlanned(seen: Seen, { one, kioskId }: PlannedRetry): Decision {
  const planned = one.attempt?.id ?? null;
  const isKnown = seen.card.attemptId === planned || isAsPlanned(seen, one.card.production);
  return guardRetry(seen, { kioskId, attemptId: isKnown ? seen.card.attemptId : planned });
}

/** The failure that was planned for may be another system's, of whose attempt the journal learns only now. */
function isAsPlanned({ card, attempt }: Seen, planned: Production | null): boolean {
  if (attempt?.origin !== 'observed' || !card.production) return false;
  return isSameProduction(card.production, planned) || isLater(card.production, planned) === false;
}

/** Keeps count of a retry, kiosk by kiosk, for the people who watch it. */
export class RetryBoard {
  readonly #ctx: Context;
  readonly #rows = new Map<string, BoardRow>();
  /** Durations of productions by kiosk: the usual one, and those of this run. */
  readonly #durations = new Map<string, { usual: number | null; took: number[] }>();

  constructor(ctx: Context, { kiosks }: RetryPlan) {
    this.#ctx = ctx;
    for (const { kioskId, cards, usual } of kiosks) {
      const counts = { total: cards.length, produced: 0, failed: 0, left: cards.length };
      this.#rows.set(kioskId, {
        kioskId,
        ...counts,
        card: null,
        note: '',
        since: null,
        timeLeft: null,
      });
      this.#durations.set(kioskId, { usual, took: [] });
    }
  }

  begin({ kioskId, one }: PlannedRetry, { isCanary }: { isCanary: boolean }): void {
    const row = this.#row(kioskId);
    row.card = cardLabel(one.card);
    row.note = isCanary && row.left > 1 ? ' (the first one: the others wait for it)' : '';
    row.since = this.#ctx.stopwatch.now();
    this.#show();
  }

  end(kioskId: KioskId, { outcome, exitCode }: CardResult): void {
    const row = this.#row(kioskId);
    row.card = null;
    row.left -= 1;
    if (exitCode === 0) row.produced += 1;
    else row.failed += 1;
    const took = outcome === 'done' && row.since ? this.#ctx.stopwatch.since(row.since) : null;
    row.timeLeft = this.#timeLeft(row, took);
    this.#show();
  }

  close(): void {
    this.#ctx.report.board(null);
  }

  #row(kioskId: KioskId) {
    const row = this.#rows.get(kioskId);
    if (!row) throw new TypeError('a kiosk is not in the plan');
    return row;
  }

  #timeLeft({ kioskId, left }: BoardRow, took: number | null): number | null {
    const durations = this.#durations.get(kioskId);
    if (took !== null) durations?.took.push(took);
    const each = median(durations?.took ?? []) ?? durations?.usual ?? null;
    return each === null ? null : each * left;
  }

  #show(): void {
    this.#ctx.report.board([...this.#rows.values()]);
  }
}
