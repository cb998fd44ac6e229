import { resolveTargets, type Target } from '../cards/session/resolve-cards.ts';
import { Subject } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import type { ExitCode } from '../domain/errors/exit-codes.ts';
import { asFailure } from '../domain/errors/failure.ts';
import type { RunCard, RunStep, Seen, StepKind, StepOutcome } from '../domain/run.ts';
import { carryOut, isAtKiosk, kioskFor } from '../scenarios/steps/execute.ts';
import { takeBackFaults, timeAfter } from '../scenarios/steps/sandbox-steps.ts';
import { closeRecord, entryOf, isOver, lastTarget, newCard, SENDS } from './card-record.ts';
import { expectOf } from './check-expectation.ts';
import { findAttemptOf, lostAttempts, noteLost } from './recover-step.ts';
import type { KioskTurn, PlacedStep, PlannedCard, Run } from './run.ts';

/** What can't be worked out again after a kill, or makes what was expected before untrue, is kept before it begins. An order has its key. */
const KEPT_BEFORE = new Set<StepKind>(['produce', 'simulate', 'retry', 'cancel', 'fault', 'advance']);
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
    const { ctx } = this.#run;
    record.startedAt ??= ctx.clock.now();
    record.outcome = 'interrupted';
    this.#turn = this.#run.takeHeldTurn(record.number);
    try {
      await this.#begin();
      for (const step of this.#planned.steps) {
        const before = record.steps[step.index];
        if (isOver(before)) continue;
        if (this.#isEnded()) record.steps[step.index] = { ...entryOf(step), outcome: 'skipped' };
        else if (!(await this.#goStep(step, before?.startedAt == null ? null : before))) break;
      }
    } finally {
      await this.#turn?.end();
    }
    closeRecord(record, this.#planned, ctx.clock.now());
    if (record.endedAt !== null) await takeBackFaults(ctx, this.#planned);
    await this.#run.save(record);
    return record;
  }

  /** A card that was there before; without it, the first step fails. */
  async #begin(): Promise<void> {
    const { card, steps } = this.#planned;
    const [first] = steps;
    if (card === null || !first || this.#record.steps.length > 0) return;
    try {
      const [target] = await resolveTargets(this.#run.ctx, [card]);
      if (target) this.#follow(new Subject(this.#run.ctx, target));
    } catch (error) {
      const failure = asFailure(error);
      const end = { exitCode: failure.exitCode, error: failure.toDocument() };
      this.#record.steps[first.index] = { ...entryOf(first), outcome: 'failed', ...end };
    }
  }

  /** @returns false when it was interrupted */
  async #goStep(step: PlacedStep, killed: RunStep | null): Promise<boolean> {
    if (this.#run.ctx.signal.aborted) return false;
    const entry = killed ?? entryOf(step);
    this.#record.steps[step.index] = entry;
    const ctx = withTime(this.#run.ctx, step.timeout);
    this.#follow(step.kind === 'order' ? new Subject(ctx, nowhere(ctx)) : this.#subject.again(ctx));
    // Between a request and its result, the production is all that tells.
    this.#subject.isLean =
      this.#attemptId !== null && (step.kind === 'wait-produced' || step.kind === 'simulate');
    const end = await this.#work(step, { ctx, entry, isKilled: killed !== null }).catch((error: unknown) =>
      asFailure(error),
    );
    if (end && INTERRUPTIONS.has(end.exitCode)) return false;
    if (end) await this.#subject.recall().catch(() => undefined);
    this.#finish(step, entry, { exitCode: end?.exitCode ?? 0, ...(end && { error: end.toDocument() }) });
    if (killed) noteLost(entry, this.#subject.card);
    await this.#giveBack();
    this.onStep(entry);
    return true;
  }

  async #work(
    step: PlacedStep,
    { ctx, entry, isKilled }: { ctx: Context; entry: RunStep; isKilled: boolean },
  ): Promise<null> {
    const subject = this.#subject;
    if (step.kind === 'expect') {
      entry.startedAt = ctx.clock.now();
      const { expectation, timeout } = step;
      const last = this.#lastEnd(step.index);
      const lost = lostAttempts(this.#record, subject);
      const unmet = await expectOf(ctx, { expectation, subject, last, lost, timeout });
      if (unmet.length > 0) entry.unmet = unmet;
      return null;
    }
    if (SENDS.has(step.kind)) await this.#takeTurn(ctx, step);
    if (SENDS.has(step.kind) && isKilled && (await findAttemptOf(ctx, subject, entry))) return null;
    await this.#note(step, { ctx, entry, isKilled });
    const { number, kioskId } = this.#planned;
    const work = { run: this.#run, ctx, step, entry, isAgain: isKilled, subject, number, kioskId };
    await carryOut({ ...work, attemptId: this.#attemptId, isSeen: this.#isSeen });
    return null;
  }

  /** Keeps that a step is done now: its time begins, and what a killed one is recognised by. */
  async #note(
    step: PlacedStep,
    { ctx, entry, isKilled }: { ctx: Context; entry: RunStep; isKilled: boolean },
  ): Promise<void> {
    const { target } = this.#subject;
    entry.orderId = target.orderId;
    entry.cardToken = target.cardToken;
    if (SENDS.has(step.kind)) entry.attemptsBefore ??= await this.#countAttempts();
    if (step.kind === 'advance') entry.advanceTo ??= await timeAfter(ctx, step.by);
    entry.startedAt = ctx.clock.now();
    if (KEPT_BEFORE.has(step.kind) && !isKilled) await this.#run.save(this.#record);
  }

  async #countAttempts(): Promise<number> {
    const { cardToken } = this.#subject.target;
    const latest = cardToken === null ? null : await this.#run.ctx.journal.latestAttempt(cardToken);
    return latest?.number ?? 0;
  }

  /** A kiosk has one of the run's cards at a time. */
  async #takeTurn(ctx: Context, step: PlacedStep): Promise<void> {
    // The card itself says where it failed.
    if (step.kind === 'retry' && !this.#subject.latest) await this.#subject.observe();
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
    entry.startedAt ??= entry.endedAt;
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
    if (entry.outcome === 'done' || step.onFailure !== 'stop-run') return;
    this.#record.stopsRun = true;
    this.#run.isStopped = true;
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
}

/** No card yet. */
function nowhere({ profileId }: Context): Target {
  return { profileId: profileId ?? 0, orderId: null, cardToken: null, after: null };
}

function withTime(ctx: Context, timeout: number | null): Context {
  return timeout === null ? ctx : { ...ctx, timing: { ...ctx.timing, timeout } };
}
