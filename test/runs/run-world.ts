// Runs of a few steps in the world of workflows.
import * as v from 'valibot';
import type { Context } from '../../src/context/context.ts';
import { parseKioskId, type Reference } from '../../src/domain/ids.ts';
import type { Simulation } from '../../src/domain/production.ts';
import type { NewRun, RunCard, RunRecord } from '../../src/domain/run.ts';
import { everyRunCard } from '../../src/journal/run-cards.ts';
import type { PlacedStep } from '../../src/runs/run.ts';
import { resumeRun, startRun } from '../../src/runs/run-scenario.ts';
import { findDefinition } from '../../src/scenarios/steps/definitions.ts';
import { type Expectation } from '../../src/scenarios/steps/expectation.ts';
import type { OnFailure, StepDefinition } from '../../src/scenarios/steps/step.ts';
import type { Fault } from '../../src/wire/fault.ts';
import { type Overrides, World } from '../harness/world.ts';

/** A step, with the value that its schema makes of what a file has; `fields` are those of a file. */
export type Act = StepAct & { onFailure?: OnFailure; timeout?: number };

type StepAct =
  | { kind: 'order'; profileId: number | null; fields: Record<string, unknown> }
  | { kind: 'wait-ready' | 'wait-produced' | 'cancel' }
  | { kind: 'produce' | 'retry'; fields: Record<string, unknown> | null }
  | { kind: 'simulate'; simulation: Simulation }
  | { kind: 'expect'; expectation: Expectation }
  | { kind: 'fault'; fault: Fault }
  | { kind: 'advance'; by: number };

export const ORDER: Act = { kind: 'order', profileId: null, fields: {} };
export const READY: Act = { kind: 'wait-ready' };
export const PRODUCE: Act = { kind: 'produce', fields: null };
export const PRODUCED: Act = { kind: 'simulate', simulation: { status: 'PRODUCED' } };
export const DOOR: Act = {
  kind: 'simulate',
  simulation: { status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' },
};
export const RESULT: Act = { kind: 'wait-produced' };
export const RETRY: Act = { kind: 'retry', fields: null };
export const HAPPY: Act[] = [ORDER, READY, PRODUCE, PRODUCED, RESULT];

export function steps(acts: readonly Act[]): PlacedStep[] {
  return acts.map((act, index) => {
    const definition = findDefinition(act.kind);
    if (!definition) throw new Error(`no step ${act.kind}`);
    const { timeout = null, onFailure = 'stop' } = act;
    const title = act.kind;
    return {
      definition,
      body: bodyOf(act, definition),
      title,
      path: ['steps', index],
      line: index + 1,
      timeout,
      onFailure,
      index,
    };
  });
}

function bodyOf(act: StepAct, { schema }: StepDefinition): unknown {
  switch (act.kind) {
    case 'order':
      return { profileId: act.profileId, fields: act.fields };
    case 'produce':
    case 'retry':
      return v.parse(schema, act.fields);
    case 'simulate':
      return act.simulation;
    case 'expect':
      return act.expectation;
    case 'fault':
      return act.fault;
    case 'advance':
      return act.by;
    case 'wait-ready':
    case 'wait-produced':
    case 'cancel':
      return null;
  }
}

export interface RunOptions {
  cards?: number;
  concurrency?: number;
  keep?: boolean;
  kiosks?: string[];
  /** One that was there before. */
  card?: Reference;
}

export class RunWorld {
  readonly world: World;
  count = 0;

  constructor(world: World) {
    this.world = world;
  }

  static async open(): Promise<RunWorld> {
    return new RunWorld(await World.open());
  }

  record({
    cards = 1,
    concurrency = 4,
    keep = true,
    kiosks = ['WIS00001'].map(parseKioskId),
  }: RunOptions = {}): NewRun {
    this.count += 1;
    return {
      id: `run-${this.count}`,
      scenario: 'test',
      source: { kind: 'built-in', name: 'test' },
      fingerprint: 'f',
      data: null,
      variables: {},
      forgottenVariables: [],
      kiosks: kiosks.map(parseKioskId),
      cards,
      concurrency,
      keep,
      context: 'local',
      flags: ['--context', 'local'],
      profileId: 1001,
      environment: 'local',
      reason: null,
      startedAt: this.world.clock.now(),
      endedAt: null,
      exitCode: null,
      sessions: 1,
      requests: { reads: 0, sends: 0, limited: 0 },
      freed: [],
    };
  }

  async run(acts: readonly Act[], options: RunOptions = {}, overrides: Overrides = {}) {
    const record = this.record(options);
    const ctx = this.world.context(overrides);
    return this.#ended(ctx, await startRun(ctx, record, planOf(acts, record, options.card)));
  }

  async resume(id: string, acts: readonly Act[], overrides: Overrides = {}) {
    const ctx = this.world.context(overrides);
    const record = await ctx.journal.findRun(id);
    if (!record) throw new Error(`no run ${id}`);
    return this.#ended(ctx, await resumeRun(ctx, record, planOf(acts, record)));
  }

  async #ended(ctx: Context, run: RunRecord): Promise<{ run: RunRecord; cards: RunCard[]; card: RunCard }> {
    const cards: RunCard[] = [];
    for await (const one of everyRunCard(ctx.journal, run.id)) cards.push(one);
    const [card] = cards;
    if (!card) throw new Error('no card was kept');
    return { run, cards, card };
  }
}

function planOf(acts: readonly Act[], { kiosks }: NewRun, card: Reference | null = null) {
  return (number: number) => ({
    number,
    row: null,
    kioskId: kiosks[(number - 1) % kiosks.length] ?? null,
    card,
    steps: steps(acts),
  });
}

/** How each step of a card ended. */
export function outcomes({ steps: done }: RunCard): string[] {
  return done.map(({ kind, outcome }) => `${kind} ${outcome}`);
}
