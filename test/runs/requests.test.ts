// The number of requests of a run without a listener, at the usual times of Wise, with a clock that nobody waits for.
import { expect, onTestFinished, test } from 'vitest';
import { PACE } from '../../src/cli/settings/settings.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { World } from '../harness/world.ts';
import { type Act, PRODUCE, READY, RESULT, RunWorld } from './run-world.ts';

/** Milliseconds from an order to READY, and from a request to its result. */
const USUAL = { ready: 60_000, produced: 40_000 };
/** Milliseconds from an order to READY in the sandbox at speed 1. */
const SANDBOX_READY_MS = 1_300;
const MOST_REQUESTS = 15;

const ORDER: Act = {
  kind: 'order',
  profileId: null,
  fields: {
    cardHolderName: 'Sam Sample',
    phoneNumber: '+441234567890',
    address: { firstLine: '1 Sample Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
  },
};

test('a run without a listener reads rarely until a step usually ends, and notices the end soon', async () => {
  const speed = SANDBOX_READY_MS / USUAL.ready;
  const world = await World.open({ speed });
  onTestFinished(async () => world.close());
  const runs = new RunWorld(world);
  const context = {
    environment: 'production',
    journal: world.openJournal('production'),
    timing: { ...PACE.production, longestPause: 30_000, timeout: 600_000 },
  } as const;
  const runOne = async () => {
    world.fault({
      kind: 'outcome',
      kioskId: parseKioskId('WIS00001'),
      status: 'PRODUCED',
      times: 1,
      afterMs: Math.round(USUAL.produced * speed),
    });
    const [before, begun] = [await countRequests(world), world.clock.now()];
    const { run } = await runs.run([ORDER, READY, PRODUCE, RESULT], {}, context);
    return {
      exitCode: run.exitCode,
      requests: (await countRequests(world)) - before,
      late: world.clock.now() - begun - USUAL.ready - USUAL.produced,
    };
  };
  const first = await runOne();
  const others = [await runOne(), await runOne()];
  for (const { exitCode, requests, late } of others) {
    expect(exitCode).toBe(0);
    expect(requests).toBeLessThanOrEqual(MOST_REQUESTS);
    expect(requests).toBeLessThan(first.requests);
    // The longest pause after the usual end, and the time that the machine of the test takes.
    expect(late).toBeLessThan(12_000);
  }
});

async function countRequests(world: World): Promise<number> {
  const response = await fetch(`${world.url}/_sandbox/requests`);
  const { requests } = (await response.json()) as { requests: unknown[] };
  return requests.length;
}
