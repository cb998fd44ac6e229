import type { Context } from '../context/context.ts';
import { leaseOnRun } from '../context/leases.ts';
import { Failure } from '../domain/errors/failure.ts';
import type { Reference } from '../domain/ids.ts';
import type { RunCard, RunRecord, RunRequests } from '../domain/run.ts';
import type { Step } from '../scenarios/steps/step.ts';
import { type KioskTurn, KioskTurns } from './kiosk-turns.ts';
import { SharedChecks } from './shared-checks.ts';

/** A step, and where the scenario's file says it: the line from 1; null for one without a file. */
export type PlacedStep = Step & { line: number | null };

/** One card's way, worked out before anything is sent. */
export interface PlannedCard {
  number: number;
  /** The line of the data file that it was made of. */
  row: number | null;
  kioskId: string | null;
  /** An existing card that the steps are done with, until one orders another. */
  card: Reference | null;
  steps: readonly PlacedStep[];
}

/** Works out the steps of a card; asked again each time that they are needed. */
export type Plan = (number: number) => PlannedCard;

/** A run that goes on: what its cards share. */
export class Run {
  readonly record: RunRecord;
  /** With its own report: see `runContext`. */
  readonly ctx: Context;
  readonly plan: Plan;
  readonly turns: KioskTurns = new KioskTurns();
  readonly checks: SharedChecks = new SharedChecks();
  /** Set when a step ended the whole run: no further card is begun. */
  isStopped = false;
  /** Set when the journal can't be written, or the run is another process's by now: nothing more is begun. */
  broken: unknown = null;
  readonly #heldTurns = new Map<number, KioskTurn>();
  #counted: RunRequests = { reads: 0, sends: 0, limited: 0 };

  constructor(ctx: Context, record: RunRecord, plan: Plan) {
    this.ctx = ctx;
    this.record = record;
    this.plan = plan;
  }

  /** Cards that an earlier session left in kiosks have them before any other card. */
  async holdTurn({ number, kioskId }: RunCard): Promise<void> {
    const isTaken = [...this.#heldTurns.values()].some((turn) => turn.kioskId === kioskId);
    if (kioskId !== null && !isTaken) this.#heldTurns.set(number, await this.turns.take(this.ctx, kioskId));
  }

  takeHeldTurn(number: number): KioskTurn | null {
    const turn = this.#heldTurns.get(number) ?? null;
    this.#heldTurns.delete(number);
    return turn;
  }

  async releaseHeldTurns(): Promise<void> {
    for (const turn of this.#heldTurns.values()) await turn.end();
  }

  /**
   * Keeps a card as it stands now, and the requests that were sent since.
   * @throws Failure `leased` in a process that stood still, while another one went on with the run
   */
  async save(card: RunCard): Promise<void> {
    const { journal } = this.ctx;
    const { id } = this.record;
    if (!(await journal.holdsLeases([leaseOnRun(id)]))) throw takenOver(id);
    await journal.saveRunCard({ id, card, requests: this.#takeRequests() });
  }

  #takeRequests(): RunRequests {
    const { used, limited } = this.ctx.wise;
    const { reads, sends, limited: counted } = this.#counted;
    this.#counted = { ...used, limited };
    return { reads: used.reads - reads, sends: used.sends - sends, limited: limited - counted };
  }
}

const nothing = () => undefined;

function takenOver(id: string): Failure {
  return new Failure('leased', `Run ${id} was taken over while this process stood still.`, {
    hint: 'See how it goes there: kioskctl runs list',
  });
}

/** No step asks, and none talks about a card: the run does. A scenario that says retry says that the cause is gone. */
export function runContext(ctx: Context, { keep }: RunRecord): Context {
  const { ask, environment, invocation, report } = ctx;
  return {
    ...ctx,
    invocation: { ...invocation, cancels: !keep },
    // In production, a person or a flag answers.
    ask: environment === 'production' ? ask : { ...ask, confirm: async () => true },
    report: {
      note: nothing,
      hint: nothing,
      warn: (text) => report.warn(text),
      progress: nothing,
      settled: nothing,
      plan: async () => undefined,
      board: nothing,
      tally: nothing,
    },
  };
}
