import { resolveCards } from '../cards/session/resolve-cards.ts';
import { CardSession } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import { recordAction } from '../context/record-action.ts';
import { isOfSignal } from '../domain/errors/exit-codes.ts';
import { asFailure, type Failure, failure } from '../domain/errors/failure.ts';
import { type KioskId } from '../domain/ids.ts';
import type { RunCard, RunStep } from '../domain/run.ts';
import type { StepWork } from '../scenarios/steps/step.ts';
import {
  cardOf,
  closeRecord,
  countAttempts,
  entryOf,
  findAttemptOf,
  isAtKiosk,
  isOver,
  lastEnd,
  lostAttempts,
  newCard,
  noCard,
  noteLost,
  noteSignal,
  outcomeOf,
} from './card-record.ts';
import type { KioskLock, PlacedStep, PlannedCard, Run } from './run.ts';

/** Executes the steps of one card of a run. */
export class CardRun {
  readonly record: RunCard;
  /** Called after each step. */
  onStep: (step: RunStep) => void = () => undefined;
  readonly #run: Run;
  readonly #planned: PlannedCard;
  #session: CardSession;
  #lock: KioskLock | null = null;
  #attemptId: string | null = null;
  /** True if the previous step read the card in this process. */
  #isSeen = false;

  /** @param before the record of an earlier session; null for a new card */
  constructor(run: Run, planned: PlannedCard, before: RunCard | null) {
    this.#run = run;
    this.#planned = planned;
    this.record = before ?? newCard(planned, 'interrupted');
    this.#session = new CardSession(run.ctx, cardOf(this.record, run.ctx));
    this.#follow(this.#session);
  }

  /** Executes the remaining steps. @returns the stored record; incomplete after an interruption */
  async complete(): Promise<RunCard> {
    const { record } = this;
    const { ctx } = this.#run;
    record.startedAt ??= ctx.calendar.now();
    Object.assign(record, { outcome: 'interrupted', exitCode: null });
    this.#lock = this.#run.takeReservedLock(record.number);
    try {
      await this.#begin();
      for (const step of this.#planned.steps) {
        const before = record.steps[step.index];
        if (isOver(before)) continue;
        if (this.#isEnded()) record.steps[step.index] = { ...entryOf(step), outcome: 'skipped' };
        else if (!(await this.#doStep(step, before?.startedAt == null ? null : before))) break;
      }
    } finally {
      await this.#lock?.release();
    }
    closeRecord(record, this.#planned, ctx.calendar.now());
    if (record.endedAt !== null) await this.#cleanUp();
    await this.#run.save(record);
    return record;
  }

  /** Resolves the reference of an existing card. A failure counts as the failure of the first step. */
  async #begin(): Promise<void> {
    const { card, steps } = this.#planned;
    const [first] = steps;
    if (card === null || !first || this.record.steps.length > 0) return;
    try {
      const [target] = await resolveCards(this.#run.ctx, [card]);
      if (target) this.#follow(new CardSession(this.#run.ctx, target));
    } catch (error) {
      const failure = asFailure(error);
      const end = { exitCode: failure.exitCode, error: failure.toDocument() };
      this.record.steps[first.index] = { ...entryOf(first), outcome: 'failed', ...end };
    }
  }

  /**
   * Executes a step.
   * @param interrupted record of the step if an earlier process started it; otherwise null
   * @returns true if the step has ended; false after an interruption
   */
  async #doStep(step: PlacedStep, interrupted: RunStep | null): Promise<boolean> {
    if (this.#run.ctx.signal.aborted) return false;
    const entry = interrupted ?? entryOf(step);
    this.record.steps[step.index] = entry;
    const { timing } = this.#run.ctx;
    const ctx = { ...this.#run.ctx, timing: { ...timing, timeout: step.timeout ?? timing.timeout } };
    const isNew = step.definition.card === 'ordered';
    if (isNew) this.#follow(new CardSession(ctx, noCard(ctx)));
    else this.#session = this.#session.forNextStep(ctx);
    const execute = async () => this.#execute(step, { ctx, entry, isRepeated: interrupted !== null });
    const failure = await ctx.journal.within(() => this.#session.left(), execute).then(() => null, asFailure);
    if (failure && isOfSignal(failure.exitCode)) {
      noteSignal(this.record, this.#session, failure);
      return false;
    }
    if (failure) await this.#session.loadFromJournal().catch(() => undefined);
    this.#finish(step, entry, failure);
    if (interrupted) noteLost(entry, this.#session.card);
    if (this.#lock && !isAtKiosk(this.#session)) await this.#releaseLock();
    this.onStep(entry);
    return true;
  }

  async #execute(
    step: PlacedStep,
    { ctx, entry, isRepeated }: { ctx: Context; entry: RunStep; isRepeated: boolean },
  ): Promise<void> {
    const { definition, body } = step;
    const kioskId = await this.#lockKiosk(ctx, step);
    if (kioskId !== null) {
      if (isRepeated && (await findAttemptOf(ctx, this.#session, entry))) return;
      entry.attemptsBefore ??= await countAttempts(ctx, this.#session);
    }
    const work = this.#workOf(step, { ctx, entry, kioskId });
    await definition.prepare?.(work, body);
    entry.orderId = this.#session.identity.orderId;
    entry.cardToken = this.#session.identity.cardToken;
    entry.startedAt = ctx.calendar.now();
    if (definition.storedBefore && !isRepeated) await this.#run.save(this.record);
    const unmet = await definition.run(work, body);
    if (unmet && unmet.length > 0) entry.unmet = [...unmet];
  }

  #workOf(
    { index, timeout }: PlacedStep,
    { ctx, entry, kioskId }: Pick<StepWork, 'ctx' | 'entry' | 'kioskId'>,
  ): StepWork {
    const session = this.#session;
    const selection = `run ${this.#run.record.id}`;
    return {
      ctx,
      session,
      entry,
      kioskId,
      timeout,
      key: this.#keyOf(index),
      checks: this.#run.checks,
      attemptId: this.#attemptId,
      isSeen: this.#isSeen,
      last: lastEnd(this.record, this.#planned, index),
      lostAttempts: lostAttempts(this.record, session),
      record: async (action, work) =>
        void (await recordAction(ctx, { card: session, action, kioskId, selection }, work)),
    };
  }

  #keyOf(index: number): string {
    return `run ${this.#run.record.id} ${this.record.number}.${index}`;
  }

  /**
   * Locks the kiosk for a step that sends the card: a kiosk may have only one card of the run at a time.
   * @returns the kiosk; null for a step that sends nothing
   * @throws Failure `input-required`, `leased`
   */
  async #lockKiosk(ctx: Context, { definition, body }: PlacedStep): Promise<KioskId | null> {
    if (!definition.kiosk) return null;
    const kioskId = (await definition.kiosk(body, this.#session)) ?? this.#planned.kioskId;
    if (kioskId === null)
      throw failure(
        'input-required',
        'No kiosk is set.',
        'Set it in the step (produce: WIS00001), with --kiosk, or in the context.',
      );
    if (this.#lock?.kioskId === kioskId) return kioskId;
    await this.#releaseLock();
    this.#lock = await this.#run.locks.take(ctx, kioskId);
    this.record.kioskId = kioskId;
    return kioskId;
  }

  async #releaseLock(): Promise<void> {
    const lock = this.#lock;
    this.#lock = null;
    await lock?.release();
  }

  #finish(step: PlacedStep, entry: RunStep, failure: Failure | null): void {
    const { identity, latest, card } = this.#session;
    entry.endedAt = this.#run.ctx.calendar.now();
    entry.startedAt ??= entry.endedAt;
    entry.exitCode = entry.unmet ? 11 : (failure?.exitCode ?? 0);
    if (failure) entry.error = failure.toDocument();
    entry.outcome = outcomeOf(step, entry);
    entry.orderId = identity.orderId;
    entry.cardToken = identity.cardToken;
    if (step.definition.kiosk) {
      this.#attemptId = card.attempt > (entry.attemptsBefore ?? 0) ? card.attemptId : null;
      if (this.#attemptId !== null) entry.attemptId = this.#attemptId;
    }
    this.#isSeen = latest !== null;
    this.record.card = card;
    if (step.definition.card === 'ordered' && identity.orderId !== null)
      this.#noteOrder(identity.profileId, identity.orderId);
    if (entry.outcome === 'done' || step.onFailure !== 'stop-run') return;
    this.record.stopsRun = true;
    this.#run.isStopped = true;
  }

  /** Records an order, unless an earlier execution of the same step recorded it. */
  #noteOrder(profileId: number, orderId: number): void {
    const { orders } = this.record;
    if (orders.some((order) => order.orderId === orderId)) return;
    orders.push({ profileId, orderId, cleanUp: this.#run.record.keep ? 'kept' : null });
  }

  /** True if a step failed or an expectation was not met, and the scenario does not tolerate it. */
  #isEnded(): boolean {
    return this.#planned.steps.some(({ index, onFailure }) => {
      const outcome = this.record.steps[index]?.outcome;
      return outcome === 'failed' || (outcome === 'unmet' && onFailure !== 'continue');
    });
  }

  /** Removes the faults that the steps of this card set in the sandbox. */
  async #cleanUp(): Promise<void> {
    const { ctx } = this.#run;
    for (const { index, definition } of this.#planned.steps) {
      if (!definition.cleanUp || this.record.steps[index]?.startedAt == null) continue;
      await definition
        .cleanUp({ ctx, key: this.#keyOf(index) })
        .catch((error: unknown) =>
          ctx.report.warn(`Faults of the scenario may still be set: ${asFailure(error).message}`),
        );
    }
  }

  #follow(session: CardSession): void {
    this.#session = session;
    session.onChange(({ stage }) => {
      const { stages } = this.record;
      if (stages.at(-1)?.stage !== stage) stages.push({ stage, at: this.#run.ctx.calendar.now() });
    });
  }
}
