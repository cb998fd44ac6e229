import pMap from 'p-map';
import { follow } from '../cards/produce.ts';
import { mayLookLean } from '../cards/session/read-card.ts';
import { bringToRest, sendOnce } from '../cards/session/send.ts';
import { forEachCard, Subject } from '../cards/session/session.ts';
import { waitForResult } from '../cards/wait-produced.ts';
import type { BoardRow, Context } from '../context/context.ts';
import { leaseOnCard, leaseOnKiosk, withLeases } from '../context/leases.ts';
import { recordAction } from '../context/record-action.ts';
import { isOpen } from '../domain/attempt.ts';
import { name } from '../domain/card.ts';
import { type Decision, guardRetry, type Seen } from '../domain/guards.ts';
import { isLater, type Production, type Simulation } from '../domain/production.ts';
import type { CardResult } from '../domain/results.ts';
import { median } from '../domain/times/duration.ts';
import { advance, type Course, START } from './canary.ts';
import { toTarget } from './kiosk-cards.ts';
import type { KioskPlan, PlannedRetry, RetryPlan } from './retry-plan.ts';

export interface RunOptions {
  /** How many failures in a row end it, per kiosk. */
  maxFailures: number;
  /** In a sandbox: what becomes of each card. */
  simulation: Simulation | null;
  /** The name of the selection, for the journal. */
  selection: string;
  /** What else was approved: done once nobody else can act on these cards, and before anything is sent. */
  onApproved?: () => Promise<void>;
}

/** What a retry came to with one card. */
export interface RetryResult extends CardResult {
  kioskId: string;
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
  const { kiosks } = plan;
  const subjects = kiosks.flatMap(({ kioskId, cards }) => [leaseOnKiosk(kioskId), ...cards.map(leaseOn)]);
  return withLeases(ctx, { subjects, action: 'retry' }, async () => {
    await options.onApproved?.();
    const board = new RetryBoard(ctx, plan);
    try {
      const run = async (kiosk: KioskPlan) => runKiosk(ctx, kiosk, { ...options, board });
      return (await pMap(kiosks, run)).flat();
    } finally {
      board.close();
    }
  });
}

async function runKiosk(
  ctx: Context,
  { kioskId, cards }: KioskPlan,
  { board, ...options }: RunOptions & { board: RetryBoard },
): Promise<RetryResult[]> {
  const results: RetryResult[] = [];
  let course = START;
  for (const planned of cards) {
    const isCanary = !course.isProven;
    const subjects = [leaseOnKiosk(kioskId), leaseOn(planned)];
    if (course.stop === null && !(await ctx.journal.holdsLeases(subjects)))
      course = stopped(ctx, kioskId, {
        ...course,
        stop: 'another process took over while this one stood still',
      });
    if (course.stop !== null || ctx.signal.aborted) {
      const { card } = planned.one;
      results.push({ card, outcome: 'not-started', exitCode: null, kioskId, isCanary: false });
      continue;
    }
    board.begin(planned, { isCanary });
    const result = await runCard(ctx, planned, options);
    results.push({ ...result, kioskId, isCanary });
    course = stopped(ctx, kioskId, advance(course, result, options));
    board.end(kioskId, result);
  }
  return results;
}

/** Says why a kiosk gets nothing more. */
function stopped({ report }: Context, kioskId: string, course: Course): Course {
  if (course.stop !== null) report.warn(`Nothing more is sent to kiosk ${kioskId}: ${course.stop}.`);
  return course;
}

function leaseOn({ one }: PlannedRetry): string {
  return leaseOnCard(one.card.cardToken ?? '');
}

async function runCard(ctx: Context, planned: PlannedRetry, options: RunOptions): Promise<CardResult> {
  const target = toTarget(planned.one);
  const subject = new Subject(ctx, target);
  const { kioskId, turn } = planned;
  const action = { subject, action: 'retry', kioskId, selection: options.selection } as const;
  const work = async () => {
    subject.isLean = await mayLookLean(ctx, planned.one.card);
    return turn === 'joined'
      ? awaitJoined(ctx, subject, { planned, ...options })
      : recordAction(ctx, action, async () => produceAgain(ctx, subject, { planned, ...options }));
  };
  const subjects = new Map([[target, subject]]);
  const [result] = await forEachCard(ctx, { targets: [target], concurrency: 1, subjects }, work);
  if (!result) throw new TypeError('a card has no result');
  return result;
}

interface Producing extends RunOptions {
  planned: PlannedRetry;
}

/** @returns whether it was sent */
async function produceAgain(
  ctx: Context,
  subject: Subject,
  { planned, simulation }: Producing,
): Promise<boolean> {
  const { kioskId } = planned;
  const attempt = await sendOnce(ctx, subject, { kioskId, guard: (seen) => guardPlanned(seen, planned) });
  // Its result is all that is waited for.
  subject.isLean = true;
  await follow(ctx, subject, { attempt, wait: true, simulation });
  return attempt !== null;
}

/** Some command sent it: what became of it is awaited, and it is not sent again in this one. */
async function awaitJoined(
  ctx: Context,
  subject: Subject,
  { planned, simulation }: Producing,
): Promise<void> {
  const { attempt } = planned.one;
  if (attempt && isOpen(attempt)) await bringToRest(ctx, subject, attempt);
  await waitForResult(ctx, subject, { simulation, ...(attempt && { attemptId: attempt.id }) });
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
  const isSame = JSON.stringify(card.production) === JSON.stringify(planned);
  return isSame || isLater(card.production, planned) === false;
}

/** Keeps count of a retry, kiosk by kiosk, for the people who watch it. */
export class RetryBoard {
  readonly #ctx: Context;
  readonly #rows = new Map<string, BoardRow>();
  /** How long productions took: usually, and in this run. */
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
        since: 0,
        timeLeft: null,
      });
      this.#durations.set(kioskId, { usual, took: [] });
    }
  }

  begin({ kioskId, one }: PlannedRetry, { isCanary }: { isCanary: boolean }): void {
    const row = this.#row(kioskId);
    row.card = name(one.card);
    row.note = isCanary && row.left > 1 ? ' (the first one: the others wait for it)' : '';
    row.since = this.#ctx.clock.now();
    this.#show();
  }

  end(kioskId: string, { outcome, exitCode }: CardResult): void {
    const row = this.#row(kioskId);
    row.card = null;
    row.left -= 1;
    if (exitCode === 0) row.produced += 1;
    else row.failed += 1;
    row.timeLeft = this.#timeLeft(row, outcome === 'done' ? this.#ctx.clock.now() - row.since : null);
    this.#show();
  }

  close(): void {
    this.#ctx.report.board(null);
  }

  #row(kioskId: string) {
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
