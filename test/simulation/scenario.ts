import type { Context } from '../../src/context/context.ts';
import type { CardIdentity, KioskId } from '../../src/domain/ids.ts';
import type { NewRun, RunRecord } from '../../src/domain/run.ts';
import type { PlacedStep, PlannedCard } from '../../src/runs/run.ts';
import { resumeRun, startRun } from '../../src/runs/run-scenario.ts';
import { findDefinition } from '../../src/scenarios/steps/definitions.ts';

interface Wanted {
  /** Run id. */
  id: string;
  card: CardIdentity;
  kioskId: KioskId;
}

/** Runs a scenario for an existing card: produces it and waits for the result. */
export async function run(ctx: Context, wanted: Wanted): Promise<RunRecord> {
  return startRun(ctx, recordOf(ctx, wanted), planOf(wanted));
}

/** Resumes the latest run of a card, or starts one. */
export async function resume(ctx: Context, wanted: Wanted): Promise<RunRecord> {
  const scenario = scenarioOf(wanted);
  const record = (await ctx.journal.listRuns(20)).find((one) => one.scenario === scenario);
  return record ? resumeRun(ctx, record, planOf(wanted)) : run(ctx, wanted);
}

function scenarioOf({ card }: Wanted): string {
  return `order ${card.orderId}`;
}

function recordOf({ calendar, reason, profileId }: Context, wanted: Wanted): NewRun {
  const scenario = scenarioOf(wanted);
  return {
    id: wanted.id,
    scenario,
    source: { kind: 'built-in', name: scenario },
    fingerprint: '',
    data: null,
    variables: {},
    forgottenVariables: [],
    kiosks: [wanted.kioskId],
    cards: 1,
    concurrency: 1,
    keep: true,
    context: 'sandbox',
    flags: [],
    profileId,
    environment: 'sandbox',
    reason,
    startedAt: calendar.now(),
    endedAt: null,
    exitCode: null,
    sessions: 1,
    requests: { reads: 0, sends: 0, limited: 0 },
    freed: [],
  };
}

function planOf({ card, kioskId }: Wanted): (number: number) => PlannedCard {
  const steps = ['produce', 'wait-produced'].map(stepOf);
  return (number) => ({ number, row: null, kioskId, card, steps });
}

function stepOf(kind: string, index: number): PlacedStep {
  const definition = findDefinition(kind);
  if (!definition) throw new TypeError(`no step ${kind}`);
  const place = { path: ['steps', index], line: null, index };
  return { definition, body: null, title: kind, timeout: null, onFailure: 'stop', ...place };
}
