import { expect, test } from 'vitest';
import { SERVER_GUARDS } from './mutation.ts';
import { type Command, drawPlan, type Item, type NetworkKind } from './plan.ts';
import { runPlan } from './run.ts';
import { describeFailure } from './shrink.ts';
import { GUARDS_IN_USE, MODEL, PLAN_MODEL, SERVER_MODEL, simulate } from './simulate.ts';
import { type Decider, Equipment } from './world.ts';

const DECIDERS: readonly Decider[] = [...GUARDS_IN_USE, 'hold'];

/** All guards decide in the first 300 schedules, and the lack of each is found within 235. */
const SCHEDULES = 400;

test('The simulation finds no violated guarantee in 400 schedules of several processes with faults', async () => {
  const { failure, schedules, medianProcesses, medianEvents, decisions } = await simulate({
    seed: 1,
    schedules: SCHEDULES,
  });
  expect(failure && describeFailure(failure)).toBeNull();
  expect(schedules).toBe(SCHEDULES);
  expect(medianProcesses).toBeGreaterThanOrEqual(3);
  expect(medianEvents).toBeGreaterThanOrEqual(20);
  // Each guard prevented a request at least once.
  expect(DECIDERS.filter((guard) => !decisions.has(guard))).toEqual([]);
}, 600_000);

test('With a journal on a server, the simulation finds no violated guarantee in 150 schedules with lost connections, outages and failovers', async () => {
  const { failure, decisions } = await simulate({ seed: 1, schedules: 150, model: SERVER_MODEL });
  expect(failure && describeFailure(failure)).toBeNull();
  expect(SERVER_GUARDS.filter((guard) => !decisions.has(guard))).toEqual([]);
}, 600_000);

test.each([
  ['in a file', PLAN_MODEL, 50],
  ['on a server', { ...PLAN_MODEL, isServer: true }, 12],
])(
  'With detached plans and a journal %s, the simulation finds no violated guarantee in schedules of servers with faults',
  async (_, model, schedules) => {
    const { failure } = await simulate({ seed: 1, schedules, model });
    expect(failure && describeFailure(failure)).toBeNull();
  },
  600_000,
);

test('The same seed produces the same schedule with the same events', async () => {
  const equipment = new Equipment();
  for (const model of [MODEL, SERVER_MODEL, PLAN_MODEL]) {
    const logs = [];
    for (const seed of [3, 4, 3]) logs.push((await runPlan(drawPlan(seed, model), equipment)).log);
    expect(logs[2]).toEqual(logs[0]);
    expect(logs[2]).not.toEqual(logs[1]);
  }
  equipment.close();
});

function commandOf(id: string, at: number, network: NetworkKind, kind: Command['kind']): Item {
  const command: Command = { kind, card: 1, kiosk: 'WIS00001', wait: false, timeout: 180_000 };
  return { kind: 'process', id, at, network, isContained: false, command };
}

test('No cancellation is sent while another process sends the card, even if its process was frozen right before it', async () => {
  const equipment = new Equipment();
  const broken: (string | null)[] = [];
  for (const port of ['connect', 'renewLeases'])
    for (let seed = 1; seed <= 60; seed += 1) {
      const items: Item[] = [
        commandOf('P1', 0, 'calm', 'cancel'),
        { kind: 'freeze', process: 'P1', port, time: 1, milliseconds: 20_000 },
        commandOf('P2', 12_000, 'slow', 'produce'),
      ];
      broken.push((await runPlan({ seed, cards: 1, lag: 0, isServer: false, items }, equipment)).broken);
    }
  equipment.close();
  expect(broken.filter((one) => one !== null)).toEqual([]);
});
