import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Context } from '../../src/context/context.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { parseEventChoice } from '../../src/events/event-flags.ts';
import { ServerCredentials } from '../../src/serve/health.ts';
import type { Job } from '../../src/serve/jobs.ts';
import { Outbox } from '../../src/serve/outbox.ts';
import { serverJobs } from '../../src/serve/server-jobs.ts';
import { TimedJobs } from '../../src/serve/timed-jobs.ts';
import { getProduction } from '../../src/wise/cards.ts';
import { SimulatedClock } from '../harness/clock.ts';
import { productionEvent, settleWindow } from '../harness/records.ts';
import { World } from '../harness/world.ts';

let world: World;
const ends: (() => Promise<void>)[] = [];
beforeEach(async () => {
  world = await World.open();
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await world.close();
});

/** A server with one job, on the journal of the world. Its clock stands still until the test advances it. */
function startJobs(context: Partial<Context>, run: Job['run']) {
  const clock = SimulatedClock.manual();
  const over = new AbortController();
  const job = { name: 'probe', every: 60_000, after: 0, isOn: true, needsApi: false, run };
  const jobs = new TimedJobs(world.context({ clock, signal: over.signal, ...context }), [job]);
  const running = jobs.run();
  const end = async () => {
    over.abort();
    await running;
  };
  ends.push(end);
  return { jobs, clock, end };
}

/** Resolves when a condition is true; the journal is real, so each check takes a moment. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

test('of two servers with one journal, one runs the jobs, and the other one continues when it ends', async () => {
  const ran: string[] = [];
  const first = startJobs({}, async () => void ran.push('first'));
  await until(() => ran.length === 1);
  const other = world.openJournal();
  ends.unshift(() => other.close());
  const second = startJobs({ journal: other }, async () => void ran.push('second'));
  for (let ticks = 0; ticks < 12; ticks += 1)
    for (const { clock } of [first, second]) await clock.pass(5_000);
  await until(() => ran.length === 2);
  expect([ran, first.jobs.isRunner, second.jobs.isRunner]).toEqual([['first', 'first'], true, false]);
  await first.end();
  await second.clock.pass(5_000);
  await until(() => ran.length === 3);
  expect([ran[2], first.jobs.isRunner, second.jobs.isRunner]).toEqual(['second', false, true]);
});

test('a server continues with the jobs of one that was killed', async () => {
  // No process has this number.
  const killed = world.openJournal('local', { pid: 2 ** 22 + 1 });
  expect(await killed.takeLeases(['jobs server'], 'serve')).toEqual([]);
  ends.unshift(() => killed.close());
  const ran: string[] = [];
  const { jobs } = startJobs({}, async () => void ran.push('ran'));
  await until(() => ran.length === 1);
  expect(jobs.isRunner).toBe(true);
});

test('a job that fails warns once, is counted, and runs again', async () => {
  let runs = 0;
  const { jobs, clock } = startJobs({}, async () => {
    runs += 1;
    if (runs < 3) throw new TypeError('broken');
  });
  for (let wanted = 1; wanted <= 3; wanted += 1) {
    if (wanted > 1) await clock.pass(60_000);
    await until(() => runs === wanted);
  }
  await until(() => jobs.states[0]?.runs.done === 1);
  expect(jobs.states[0]?.runs).toEqual({ done: 1, failed: 2 });
  expect(world.said.filter((line) => line.startsWith('The job probe failed'))).toHaveLength(1);
});

async function runJob(name: string, options: { retention?: number; context?: Partial<Context> } = {}) {
  const ctx = world.context(options.context);
  const credentials = new ServerCredentials(ctx);
  const { retention = null } = options;
  const outbox = new Outbox(ctx, {
    forwardTo: null,
    choice: parseEventChoice([]),
    onNotForwarded: () => undefined,
  });
  const jobs = serverJobs(ctx, {
    credentials,
    catchUp: 3_600_000,
    retention,
    emit: () => undefined,
    notices: null,
    outbox,
  });
  await jobs.find((job) => job.name === name)?.run();
}

test('the job settles an attempt whose process was killed, after its window, and sends nothing', async () => {
  const card = await world.readyCard();
  const { profileId, orderId, cardToken } = card;
  const killed = world.openJournal('local', { pid: 2 ** 22 + 1 });
  ends.unshift(() => killed.close());
  await killed.takeLeases([`card ${cardToken}`], 'send');
  const at = world.clock.now();
  const kioskId = parseKioskId('WIS00001');
  const { attempt } = await killed.claim({ profileId, orderId, cardToken, kioskId, reason: null, at });
  const baseline = await getProduction(world.client(), { profileId, cardToken });
  const correlationId = crypto.randomUUID();
  const { uptime } = world.clock;
  const window = settleWindow({ start: { boot: uptime.boot, uptime: uptime.now(), vendorTime: at } });
  await killed.markSent(attempt, {
    kioskId,
    orderId,
    baseline,
    correlationId,
    settleWindow: window,
    at,
  });
  await runJob('settle');
  expect((await world.journal.latestAttempt(attempt.cardToken))?.outcome).toBe('not-seen');
  expect(world.clock.now() - at).toBeGreaterThanOrEqual(world.context().timing.killedWindow);
  expect(await world.puts()).toEqual({ sent: 0, taken: 0 });
});

test('the job for old events deletes those over the retention, and none without it', async () => {
  const event = productionEvent('PRODUCED');
  const now = world.clock.now();
  for (const days of [91, 89]) {
    const receivedAt = now - days * 86_400_000;
    const delivery = {
      deliveryId: `${days}`,
      signature: 'x',
      body: Buffer.from(`${days}`),
      isTest: false,
      isVerified: true,
    };
    await world.journal.keepEvent({
      ...delivery,
      receivedAt,
      event: { ...event, occurredAt: `2026-01-0${days % 10}T00:00:00Z` },
    });
  }
  await runJob('prune');
  expect(await world.journal.countEvents({})).toBe(2);
  await runJob('prune', { retention: 90 * 86_400_000 });
  expect((await world.journal.listEvents({})).map(({ receivedAt }) => now - receivedAt)).toEqual([
    89 * 86_400_000,
  ]);
});
