// Each scenario that comes with kioskctl, against the embedded sandbox, with a clock that nobody waits for.
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import { startRun } from '../../src/runs/run-scenario.ts';
import { builtInScenarios } from '../../src/scenarios/built-in-scenarios.ts';
import { planCard } from '../../src/scenarios/plan-card.ts';
import { readScenario } from '../../src/scenarios/scenario-file.ts';
import { files } from '../harness/command-line.ts';
import { RunWorld } from './run-world.ts';

const root = join(import.meta.dirname, '../..');

test.each(builtInScenarios({ root, files }))('%s passes', async (name) => {
  const runs = await RunWorld.open();
  onTestFinished(async () => runs.world.close());
  const { scenario } = await readScenario(name, { root, files });
  if (!scenario) throw new Error(`${name} has mistakes`);
  const record = runs.record({ concurrency: 1, keep: false });
  const ctx = runs.world.context();
  const run = await startRun(ctx, record, (number) => {
    const given = {
      number,
      runId: record.id,
      environment: 'local',
      kioskId: parseKioskId('WIS00001'),
      values: {},
    };
    const { steps } = planCard(scenario, given);
    const placed = steps.map((step) => ({ ...step, line: 1 }));
    return { number, row: null, kioskId: parseKioskId('WIS00001'), card: null, steps: placed };
  });
  expect(run.exitCode).toBe(0);
});
