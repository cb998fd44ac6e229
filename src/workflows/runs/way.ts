import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import { asFailure } from '../../domain/errors/failure.ts';
import type { Seen } from '../../domain/runs/expectation.ts';
import type { CardOutcome, RunCard, RunStep, StepKind, StepOutcome } from '../../domain/runs/run.ts';
import { exitCodeOfSteps } from '../../domain/runs/run-outcome.ts';
import type { Context } from '../context.ts';
import { Subject } from '../each-card.ts';
import { resolveTargets, type Target } from '../targets.ts';
import { expectOf } from './expect.ts';
import { findAttemptOf, lostAttempts, noteLost } from './killed-step.ts';
import type { KioskTurn } from './kiosk-turns.ts';
import type { PlacedStep, PlannedCard, Run } from './run.ts';
import { carryOut, isAtKiosk, kioskFor } from './step-acts.ts';

/** What can't be worked out again after a kill, or makes what was expected before untrue, is kept before it begins. An order has its key. */
const KEPT_BEFORE = new Set<StepKind>(['produce', 'simulate', 'retry', 'cancel', 'fault', 'advance']);
const SENDS = new Set<StepKind>(['produce', 'retry']);
const OVER = new Set<StepOutcome>(['done', 'failed', 'tolerated', 'unmet', 'skipped']);
const INTERRUPTIONS = new Set<ExitCode>([130, 143]);

/** The way of one card through its steps. */
export class Way {
  readonly #run: Run;
  readonly #planned: PlannedCard;
  readonly #record: RunCard;
  #subject: Subject;
  #turn: KioskTurn | null = null;
  #attemptId: string | null = null;
  /** Told of each step that is over. */
  onStep: (step: RunStep) => void = () => undefined;
  /** The card was seen by the step before, in this process. */
  #isSeen = false;

  /** @param before as far as an earlier session of the run came with it */
  constructor(run: Run, planned: PlannedCard, before: RunCard | null) {
    this.#run = run;
    this.#planned = planned;
    this.#record = before ?? newCard(planned, 'interrupted');
    this.#subject = new Subject(run.ctx, lastTarget(this.#record) ?? nowhere(run.ctx));
  }

  get record(): RunCard {
    return this.#record;
  }

  /** Goes all steps that are left, to the end or to an interruption. @returns the card as it was kept */
  async go(): Promise<RunCard> {
    const record = this.#record;
    record.startedAt ??= this.#run.ctx.clock.now();
    record.outcome = 'interrupted';
    try {
      await this.#begin();
      for (const step of this.#planned.steps) {
        const before = record.steps[step.index];
        if (before && OVER.has(before.outcome)) continue;
        if (this.#isEnded()) record.steps[step.index] = { ...entryOf(step), outcome: 'skipped' };
        else if (!(await this.#goStep(step, before ?? null))) break;
      }
    } finally {
      await this.#turn?.end();
    }
    this.#close();
    await this.#run.save(record);
    return record;
  }

  /** A card that was there before. */
  async #begin(): Promise<void> {
    const { card } = this.#planned;
    if (card === null || this.#record.steps.length > 0) return;
    const [target] = await resolveTargets(this.#run.ctx, [card]);
    if (target) this.#follow(new Subject(this.#run.ctx, target));
  }

  /** @returns false when it was interrupted */
  async #goStep(step: PlacedStep, killed: RunStep | null): Promise<boolean> {
    const { clock, signal } = this.#run.ctx;
    if (signal.aborted) return false;
    const { target } = this.#subject;
    const entry = killed ?? { ...entryOf(step), startedAt: clock.now() };
    this.#record.steps[step.index] = entry;
    entry.orderId = target.orderId;
    entry.cardToken = target.cardToken;
    if (SENDS.has(step.kind)) entry.attemptsBefore ??= await this.#countAttempts();
    if (KEPT_BEFORE.has(step.kind) && !killed) await this.#run.save(this.#record);
    const ctx = withTime(this.#run.ctx, step.timeout);
    this.#follow(step.kind === 'order' ? new Subject(ctx, nowhere(ctx)) : this.#subject.again(ctx));
    // Between a request and its result, the production is all that tells.
    this.#subject.isLean =
      this.#attemptId !== null && (step.kind === 'wait-produced' || step.kind === 'simulate');
    const end = await this.#work(step, { ctx, killed }).catch((error: unknown) => asFailure(error));
    if (end && INTERRUPTIONS.has(end.exitCode)) return false;
    if (end) await this.#subject.recall().catch(() => undefined);
    this.#finish(step, entry, { exitCode: end?.exitCode ?? 0, ...(end && { error: end.toDocument() }) });
    if (killed) noteLost(entry, this.#subject.card);
    await this.#giveBack();
    this.onStep(entry);
    return true;
  }

  async #work(step: PlacedStep, { ctx, killed }: { ctx: Context; killed: RunStep | null }): Promise<null> {
    const { kioskId, number } = this.#planned;
    if (step.kind === 'expect') {
      const { expectation, timeout } = step;
      const last = this.#lastEnd(step.index);
      const lost = lostAttempts(this.#record, this.#subject);
      const unmet = await expectOf(ctx, { expectation, subject: this.#subject, last, lost, timeout });
      const entry = this.#record.steps[step.index];
      if (entry && unmet.length > 0) entry.unmet = unmet;
      return null;
    }
    const subject = this.#subject;
    if (SENDS.has(step.kind)) {
      const attempt = killed && (await findAttemptOf(ctx, subject, killed));
      if (attempt) return null;
      await this.#takeTurn(ctx, step);
    }
    if (step.kind === 'fault' && killed) await ctx.sandboxControl().clearFaults();
    const work = { run: this.#run, ctx, step, subject, number, kioskId };
    await carryOut({ ...work, attemptId: this.#attemptId, isSeen: this.#isSeen });
    return null;
  }

  async #countAttempts(): Promise<number> {
    const { cardToken } = this.#subject.target;
    const latest = cardToken === null ? null : await this.#run.ctx.journal.latestAttempt(cardToken);
    return latest?.number ?? 0;
  }

  /** A kiosk has one of the run's cards at a time. */
  async #takeTurn(ctx: Context, step: PlacedStep): Promise<void> {
    const kioskId = kioskFor({ step, subject: this.#subject, kioskId: this.#planned.kioskId });
    if (this.#turn?.kioskId === kioskId) return;
    await this.#turn?.end();
    this.#turn = null;
    this.#turn = await this.#run.turns.take(ctx, kioskId);
    this.#record.kioskId = kioskId;
  }

  async #giveBack(): Promise<void> {
    if (!this.#turn || isAtKiosk(this.#subject)) return;
    await this.#turn.end();
    this.#turn = null;
  }

  #finish(step: PlacedStep, entry: RunStep, end: Pick<RunStep, 'exitCode' | 'error'>): void {
    const { target, latest, card } = this.#subject;
    entry.endedAt = this.#run.ctx.clock.now();
    entry.exitCode = entry.unmet ? 11 : end.exitCode;
    if (end.error) entry.error = end.error;
    entry.outcome = this.#outcomeOf(step, entry);
    entry.orderId = target.orderId;
    entry.cardToken = target.cardToken;
    if (SENDS.has(step.kind)) {
      const sent = card.attempt > (entry.attemptsBefore ?? 0) ? card.attemptId : null;
      if (sent !== null) entry.attemptId = sent;
      this.#attemptId = sent;
    }
    this.#isSeen = latest !== null;
    this.#record.card = card;
    if (step.kind === 'order' && target.orderId !== null) this.#noteOrder(target.profileId, target.orderId);
    if (entry.outcome !== 'done' && step.onFailure === 'stop-run') this.#run.isStopped = true;
  }

  /** A step that was repeated made the same order again. */
  #noteOrder(profileId: number, orderId: number): void {
    const { orders } = this.#record;
    if (orders.some((order) => order.orderId === orderId)) return;
    orders.push({ profileId, orderId, cleanUp: this.#run.record.keep ? 'kept' : null });
  }

  #outcomeOf({ onFailure }: PlacedStep, { exitCode, unmet }: RunStep): StepOutcome {
    if (unmet) return 'unmet';
    if (exitCode === 0) return 'done';
    return onFailure === 'continue' ? 'tolerated' : 'failed';
  }

  /** Did a step end the card's way? An expectation does unless the scenario goes on after it. */
  #isEnded(): boolean {
    return this.#planned.steps.some(({ index, onFailure }) => {
      const outcome = this.#record.steps[index]?.outcome;
      return outcome === 'failed' || (outcome === 'unmet' && onFailure !== 'continue');
    });
  }

  /** How the last step before one ended that was no expectation. */
  #lastEnd(index: number): Seen['last'] {
    const last = this.#record.steps.slice(0, index).findLast(({ kind }) => kind !== 'expect');
    if (last?.exitCode == null) return null;
    const { exitCode, error = null, startedAt, endedAt } = last;
    return { exitCode, error, durationMs: (endedAt ?? 0) - (startedAt ?? 0) };
  }

  #follow(subject: Subject): void {
    this.#subject = subject;
    subject.watch = ({ stage }) => {
      const { stages } = this.#record;
      if (stages.at(-1)?.stage !== stage) stages.push({ stage, at: this.#run.ctx.clock.now() });
    };
  }

  #close(): void {
    const record = this.#record;
    const { steps } = this.#planned;
    if (steps.some(({ index }) => !OVER.has(record.steps[index]?.outcome ?? 'running'))) return;
    const bad = record.steps.find(({ outcome }) => outcome === 'unmet' || outcome === 'failed');
    const outcome: Record<string, CardOutcome> = { unmet: 'unmet', failed: 'failed' };
    record.outcome = outcome[bad?.outcome ?? ''] ?? 'passed';
    record.exitCode = exitCodeOfSteps(record.steps);
    record.endedAt = this.#run.ctx.clock.now();
  }
}

/** A card with which nothing was done yet. */
export function newCard({ number, row, kioskId }: PlannedCard, outcome: CardOutcome): RunCard {
  return {
    number,
    row,
    kioskId,
    outcome,
    exitCode: null,
    card: null,
    orders: [],
    stages: [],
    steps: [],
    startedAt: null,
    endedAt: null,
  };
}

function entryOf({ index, kind, title, line }: PlacedStep): RunStep {
  const unseen = { exitCode: null, startedAt: null, endedAt: null, orderId: null, cardToken: null };
  return { index, kind, title, line, outcome: 'running', ...unseen };
}

/** The card that the steps so far were done with. */
function lastTarget({ card }: RunCard): Target | null {
  if (!card || (card.orderId === null && card.cardToken === null)) return null;
  const { profileId, orderId, cardToken } = card;
  return { profileId, orderId, cardToken, after: null };
}

/** No card yet. */
function nowhere({ profileId }: Context): Target {
  return { profileId: profileId ?? 0, orderId: null, cardToken: null, after: null };
}

function withTime(ctx: Context, timeout: number | null): Context {
  return timeout === null ? ctx : { ...ctx, timing: { ...ctx.timing, timeout } };
}
