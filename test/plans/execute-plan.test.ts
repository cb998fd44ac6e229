import { afterEach, beforeEach, expect, test } from 'vitest';
import { retry } from '../../src/cards/retry.ts';
import { simulate } from '../../src/cards/simulate.ts';
import { cancelPlan, PLAN_GAP_MS, START_WITHIN_MS } from '../../src/detached/plan.ts';
import { asFailure, Failure, failure } from '../../src/domain/errors/failure.ts';
import { planClocks } from '../../src/plans/plan-clocks.ts';
import { getProduction } from '../../src/wise/cards.ts';
import { TOKEN } from '../harness/records.ts';
import { HERE, THERE } from '../kiosks/failed-cards.ts';
import { beforeCall, Detached } from './detached.ts';

const YES = { requireAnswers: () => undefined, confirm: async () => true, choose: refuse, type: refuse };

function refuse(): never {
  throw new TypeError('nothing else is prompted for');
}

let detached: Detached;
beforeEach(async () => {
  detached = await Detached.open();
});
afterEach(() => detached.close());

test('a plan is carried out canary first, each card by one request, with approver and executor in the audit log', async () => {
  const failed = await detached.cards.fail(3);
  detached.cards.kioskMakes('PRODUCED');
  const plan = await detached.detach();
  expect(plan).toMatchObject({ state: 'approved', cards: 3, approver: { reason: 'door closed' } });
  expect(await detached.puts(failed)).toEqual([1, 1, 1]);
  expect(await detached.execute(detached.server(), plan)).toMatchObject({
    state: 'done',
    exitCode: 0,
    counts: { done: 3, failed: 0, left: 0 },
  });
  expect(await detached.puts(failed)).toEqual([2, 2, 2]);
  const log = (await detached.world.journal.listActions({})).filter((one) => one.plan === plan.id);
  expect(log.map(({ action, approver, reason }) => [action, approver !== null, reason])).toEqual([
    ['approve', false, 'door closed'],
    ...failed.map(() => ['retry', true, 'door closed']),
  ]);
  // Again: nothing is left.
  await detached.execute(detached.server(), plan);
  expect(await detached.puts(failed)).toEqual([2, 2, 2]);
});

test('two servers that carry the same plan out at the same time send each card once', async () => {
  const failed = await detached.cards.fail(3);
  detached.cards.kioskMakes('PRODUCED');
  const plan = await detached.detach();
  const servers = [detached.server(), detached.server()];
  const ends = await Promise.allSettled(servers.map(async (server) => detached.execute(server, plan)));
  expect(ends.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
  expect(await detached.puts(failed)).toEqual([2, 2, 2]);
  expect(await detached.find(plan.id)).toMatchObject({ state: 'done', exitCode: 0 });
});

test('if the canary fails, nothing more is sent to the kiosk, by no other server either', async () => {
  const failed = [...(await detached.cards.fail(2)), ...(await detached.cards.fail(2, { kioskId: THERE }))];
  detached.cards.kioskMakes('PRODUCTION_ERROR');
  const plan = await detached.detach();
  expect(await detached.execute(detached.server(), plan)).toMatchObject({
    state: 'done',
    exitCode: 4,
    counts: { done: 0, failed: 1, left: 1 },
    error: { code: 'too-many-failures', hint: expect.stringContaining('make another plan') },
  });
  expect(await detached.puts(failed)).toEqual([2, 1, 1, 1]);
});

test('a server that ends in the middle leaves the rest to another one, which waits for the card in the kiosk', async () => {
  const failed = await detached.cards.fail(3);
  detached.cards.kioskMakes('PRODUCED');
  const plan = await detached.detach();
  const over = new AbortController();
  const first = detached.server({ signal: over.signal });
  // It ends once its second request has got its answer.
  const journal = beforeCall(first.journal, 'update', async (times) => {
    if (times === 3) over.abort(failure('terminated', 'Terminated.', ''));
  });
  expect(await detached.execute({ ...first, journal }, plan)).toMatchObject({ state: 'running' });
  const sent = await detached.puts(failed);
  expect(sent.at(-1)).toBe(1);
  expect(await detached.execute(detached.server(), plan)).toMatchObject({ state: 'done', exitCode: 0 });
  expect(await detached.puts(failed)).toEqual([2, 2, 2]);
});

test.each([
  ['arrived', 1],
  ['did not arrive', 2],
])(
  'a card whose server was killed while its request was in flight, which %s, is settled and produced once',
  async (_, times) => {
    const [card] = await detached.cards.fail(1);
    if (!card) throw new Error('no card');
    detached.cards.kioskMakes('PRODUCED');
    const plan = await detached.detach();
    await detached.dieSending(plan, card);
    if (times === 1) await detached.cards.produceElsewhere(card, HERE);
    const diedAt = detached.world.clock.now();
    expect(await detached.execute(detached.server(), plan)).toMatchObject({ state: 'done', exitCode: 0 });
    expect(await detached.puts([card])).toEqual([2]);
    const attempts = await detached.world.journal.listAttempts(card.cardToken);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(
      times === 1 ? ['failed', 'produced'] : ['failed', 'not-seen', 'produced'],
    );
    const { killedWindow } = detached.world.context().timing;
    if (times === 2) expect((attempts[2]?.sentAt ?? 0) - diedAt).toBeGreaterThanOrEqual(killedWindow);
  },
);

test('a card of the plan that a user sent again is waited for before the next one is sent', async () => {
  const cards = await detached.cards.fail(3);
  const [, second] = cards;
  if (!second) throw new Error('no card');
  detached.cards.kioskMakes('PRODUCED', { times: 1 });
  detached.cards.kioskMakes('PRODUCTION_ERROR', { times: 1 });
  const plan = await detached.detach();
  const over = new AbortController();
  const first = detached.server({ signal: over.signal });
  const journal = beforeCall(first.journal, 'savePlanCard', async (times) => {
    if (times === 2) over.abort(failure('terminated', 'Terminated.', ''));
  });
  await detached.execute({ ...first, journal }, plan);
  expect(await detached.puts(cards)).toEqual([2, 2, 1]);

  const { world } = detached;
  const options = { toKiosk: null, abandon: false, wait: false, settings: {}, simulation: null };
  await retry(world.context({ ask: YES }), { ...options, targets: [{ ...second }] });
  detached.cards.kioskMakes('PRODUCED');
  const simulation = { status: 'PRODUCED' } as const;
  world.clock.plan(5_000, async () => simulate(world.context(), { targets: [{ ...second }], simulation }));
  const statusOfSecond: unknown[] = [];
  const next = detached.server();
  const watched = beforeCall(next.journal, 'markSent', async () => {
    statusOfSecond.push((await getProduction(world.client(), second))?.status);
  });
  await detached.execute({ ...next, journal: watched }, plan);
  expect(statusOfSecond).toEqual(['PRODUCED']);
  expect(await detached.puts(cards)).toEqual([2, 3, 2]);
});

test('a server that was suspended right before a request leaves the card to the one that continues', async () => {
  const cards = await detached.cards.fail(1);
  detached.cards.kioskMakes('PRODUCED');
  const plan = await detached.detach();
  const [suspended, resumed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = detached.server();
  const markSent: typeof first.journal.markSent = async (...sending) => {
    const sent = await first.journal.markSent(...sending);
    suspended.resolve();
    await resumed.promise;
    return sent;
  };
  const slow = detached.execute({ ...first, journal: { ...first.journal, markSent } }, plan).catch(asFailure);
  await suspended.promise;
  detached.world.clock.time += 45_000;
  const next = detached.server();
  // The first server is resumed while the other one settles its attempt.
  const settling = beforeCall(next.journal, 'isHeld', async (times) => {
    if (times > 1) return;
    resumed.resolve();
    await slow;
  });
  expect(await detached.execute({ ...next, journal: settling }, plan)).toMatchObject({
    state: 'done',
    exitCode: 0,
  });
  expect(await detached.puts(cards)).toEqual([2]);
  const attempts = await detached.world.journal.listAttempts(cards[0]?.cardToken ?? TOKEN);
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'not-seen', 'produced']);
});

test('a plan that nobody starts in time expires, and nothing is sent', async () => {
  const failed = await detached.cards.fail(1);
  const plan = await detached.detach();
  detached.world.clock.time += START_WITHIN_MS + 1;
  expect(await detached.find(plan.id)).toMatchObject({ state: 'expired', exitCode: 9 });
  const server = detached.server();
  expect(await detached.execute(server, plan)).toMatchObject({ state: 'expired' });
  expect(await detached.puts(failed)).toEqual([1]);
});

test('a calendar that was set back extends no approval', async () => {
  const failed = await detached.cards.fail(1);
  const plan = await detached.detach({ startWithin: 60_000 });
  detached.world.clock.time += 61_000;
  detached.world.clock.stepCalendar(-3_600_000);
  expect(await detached.execute(detached.server(), plan)).toMatchObject({ state: 'expired' });
  expect(await detached.puts(failed)).toEqual([1]);
});

test('a plan whose server was away for over a minute pauses, and nothing is sent before a new approval', async () => {
  const failed = await detached.cards.fail(2);
  detached.cards.kioskMakes('PRODUCED');
  const plan = await detached.detach();
  const over = new AbortController();
  const first = detached.server({ signal: over.signal });
  const journal = beforeCall(first.journal, 'savePlanCard', async () =>
    over.abort(new Failure('terminated', 'Terminated.', { hint: '' })),
  );
  await detached.execute({ ...first, journal }, plan);
  const puts = await detached.puts(failed);
  detached.world.clock.time += PLAN_GAP_MS + 1;
  expect(await detached.execute(detached.server(), plan)).toMatchObject({ state: 'paused' });
  expect(await detached.puts(failed)).toEqual(puts);
});

test('a plan that is cancelled while it waits for a card sends no further one', async () => {
  const failed = await detached.cards.fail(3);
  detached.cards.kioskMakes('PRODUCED');
  const plan = await detached.detach();
  const server = detached.server();
  const { journal } = detached.world;
  const cancelling = beforeCall(server.journal, 'savePlanCard', async () => {
    await journal.changePlan(plan.id, planClocks(server), (one) => cancelPlan(one, 'stop'));
  });
  expect(await detached.execute({ ...server, journal: cancelling }, plan)).toMatchObject({
    state: 'cancelled',
  });
  expect(await detached.puts(failed)).toEqual([2, 1, 1]);
});

test('a hold on the kiosk stops a plan, even if it ended before the next card', async () => {
  const failed = await detached.cards.fail(3);
  detached.cards.kioskMakes('PRODUCED');
  const plan = await detached.detach();
  const server = detached.server();
  const { journal } = detached.world;
  const holding = beforeCall(server.journal, 'savePlanCard', async (times) => {
    if (times > 1) return;
    const { hold } = await journal.holdKiosk({ kioskId: HERE, reason: 'smoke', context: 'local', at: 1 });
    await journal.releaseKiosk(hold, 2);
  });
  await detached.execute({ ...server, journal: holding }, plan);
  expect(await detached.puts(failed)).toEqual([2, 1, 1]);
});
