import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { produce } from '../../src/cards/produce.ts';
import { retry } from '../../src/cards/retry.ts';
import { simulate } from '../../src/cards/simulate.ts';
import { waitProduced } from '../../src/cards/wait-produced.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { GET, OneCard, PUT } from '../harness/cards.ts';
import type { World } from '../harness/world.ts';

let world: World;
let card: OneCard;

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
});
afterEach(() => world.close());

describe('produce', () => {
  test('produce sends a ready card once, and changes nothing when it is repeated on the same kiosk', async () => {
    expect(await card.send()).toMatchObject({
      outcome: 'done',
      exitCode: 0,
      changed: true,
      card: { stage: 'in-progress' },
    });
    expect(await card.send()).toMatchObject({ outcome: 'unchanged', exitCode: 0, changed: false });
    expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
  });

  test('produce refuses a card that is in progress on another kiosk', async () => {
    await card.send();
    expect(await card.send({ kioskId: parseKioskId('WIS00002') })).toMatchObject({
      exitCode: 9,
      error: { code: 'attempt-open' },
    });
    expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
  });

  test('produce sends nothing for a failed card, and names retry as the next command', async () => {
    await card.fail();
    const result = await card.send();
    expect(result).toMatchObject({ exitCode: 9, error: { code: 'wrong-stage' } });
    expect(result.error?.hint).toContain('kioskctl retry 1001/');
    expect((await world.puts()).sent).toBe(1);
  });

  test('produce leaves a produced card as it is', async () => {
    await card.send();
    await simulate(world.context(), { targets: [{ ...card.target }], simulation: { status: 'PRODUCED' } });
    expect(await card.send()).toMatchObject({ exitCode: 0, changed: false, card: { stage: 'produced' } });
    expect((await world.puts()).sent).toBe(1);
  });

  test('produce never sends a card that is over 60 days old', async () => {
    world.sandbox.advance(61 * 86_400_000);
    expect(await card.send()).toMatchObject({
      exitCode: 6,
      outcome: 'refused',
      error: { code: 'card-expired' },
      card: { stage: 'expired', daysLeft: 0 },
    });
    expect((await world.puts()).sent).toBe(0);
  });

  test('two produce commands at the same time send one request', async () => {
    const other = world.openJournal();
    const results = await Promise.all([card.send(), card.send({ context: { journal: other } })]);
    await other.close();
    expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
    expect(results.filter(({ changed }) => changed)).toHaveLength(1);
  });

  test.each([
    ['KIOSK_ID_NOT_FOUND', 4, 'production-refused'],
    ['PIN_LENGTH_ERROR', 5, 'production-refused'],
    ['CHARSET_NOT_SUPPORTED', 5, 'production-refused'],
  ])(
    'ends with the exit code of the catalogue when it is refused with %s',
    async (errorCode, exitCode, code) => {
      world.fault({ kind: 'produce', errorCode, times: 1 });
      expect(await card.send()).toMatchObject({
        outcome: 'refused',
        exitCode,
        error: { code, details: { errorCode } },
        card: { stage: 'ready' },
      });
      expect(await world.journal.latestAttempt(card.target.cardToken)).toMatchObject({ outcome: 'refused' });
    },
  );

  test('produce accepts a queued request, and sends no other until it is abandoned', async () => {
    world.fault({ kind: 'produce', errorCode: 'REQUEST_CREATED_BUT_NOT_STARTED', times: 1 });
    expect(await card.send()).toMatchObject({ exitCode: 0, changed: true, card: { stage: 'in-progress' } });
    expect(await card.send()).toMatchObject({ exitCode: 0, changed: false });
    expect((await world.puts()).sent).toBe(1);
    world.answers.push(true);
    const abandoned = await card.repeat({ abandon: true });
    expect(abandoned).toMatchObject({
      exitCode: 8,
      error: { details: { errorCode: 'REQUEST_ALREADY_EXISTS' } },
    });
    expect(world.asked[0]).toContain('may still print');
  });

  test.each([
    [401, 3, 'credentials-refused'],
    [404, 10, 'not-found'],
    [429, 7, 'rate-limited'],
    [403, 3, 'credentials-refused'],
  ])('produce does not repeat a request that is answered with %i', async (status, exitCode, code) => {
    world.fault({ ...PUT, status });
    expect(await card.send()).toMatchObject({ exitCode, error: { code }, card: { stage: 'ready' } });
    expect(await world.puts()).toEqual({ sent: 1, taken: 0 });
  });
});

describe('a lost answer', () => {
  test.each([
    ['the connection is cut after the effect', { ...PUT, reset: 'after' as const }],
    ['the answer is cut short', { ...PUT, cut: true as const }],
    ['a gateway answers 502 after the effect', { ...PUT, status: 502, effect: true }],
    [
      'it is nested 3,500 levels deep',
      { ...PUT, status: 200, body: `${'['.repeat(3_500)}${']'.repeat(3_500)}`, effect: true },
    ],
    ['a proxy answers with HTML', { ...PUT, status: 200, body: '<html>', effect: true }],
    ['the vendor answers 400 after the effect', { ...PUT, status: 400, effect: true }],
    [
      'it redirects after the effect',
      { ...PUT, status: 302, headers: { location: '/elsewhere' }, effect: true },
    ],
  ])('a request with a lost answer is found accepted when %s', async (_, fault) => {
    world.fault(fault);
    expect(await card.send()).toMatchObject({ exitCode: 0, changed: true, card: { stage: 'in-progress' } });
    expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
  });

  test('a request with a lost answer that did not arrive may be sent again after the settle window', async () => {
    world.fault({ ...PUT, reset: 'before' });
    const before = world.clock.now();
    expect(await card.send()).toMatchObject({
      exitCode: 7,
      error: { code: 'not-seen' },
      card: { stage: 'ready' },
    });
    expect(world.clock.now() - before).toBeGreaterThanOrEqual(3_000);
    expect(await card.send()).toMatchObject({ exitCode: 0, changed: true, card: { attempt: 2 } });
    expect(await world.puts()).toMatchObject({ taken: 1 });
  });

  test('the outcome of a lost answer is unknown at a deadline within the settle window, and nothing is sent until its end', async () => {
    world.fault({ ...PUT, reset: 'before' });
    const timing = { ...world.context().timing, timeout: 1_000 };
    expect(await card.send({ context: { timing } })).toMatchObject({
      exitCode: 8,
      error: { code: 'outcome-unknown' },
    });
    const again = await card.send({ context: { timing } });
    expect(again).toMatchObject({ exitCode: 8, card: { stage: 'unknown' } });
    expect(again.card.next).toContain('wait-produced');
    expect((await world.puts()).sent).toBe(1);
    expect(await card.send()).toMatchObject({ exitCode: 0, changed: true });
  });

  test('an attempt with a lost answer is superseded when the card shows up on another kiosk', async () => {
    world.fault({ ...PUT, reset: 'before' });
    const onSleep = async () => {
      if ((await world.puts()).taken === 0) await card.produceElsewhere('WIS00003');
    };
    expect(await card.send({ context: { onSleep } })).toMatchObject({
      exitCode: 9,
      error: { code: 'attempt-superseded' },
    });
    const attempts = await world.journal.listAttempts(card.target.cardToken);
    expect(attempts.map(({ origin, outcome, kioskId }) => [origin, outcome, kioskId])).toEqual([
      ['ours', 'superseded', 'WIS00001'],
      ['observed', 'accepted', 'WIS00003'],
    ]);
  });

  test('the outcome of a lost answer is unknown while the production cannot be read', async () => {
    world.fault({ ...PUT, reset: 'before' });
    world.fault({
      kind: 'answer',
      method: 'GET',
      path: '/production',
      times: 1,
      status: 200,
      body: '{"status":"READY","kioskId":null,"occurredAt":null}',
    });
    world.fault({ kind: 'answer', method: 'GET', path: '/production', times: 1_000, status: 503 });
    expect(await card.send()).toMatchObject({ exitCode: 8, error: { code: 'outcome-unknown' } });
  });
});

test('a request that Wise wants to be approved ends with 5, and may be made once it needs none', async () => {
  world.fault({ ...PUT, approval: true });
  const refused = await card.send();
  expect(refused).toMatchObject({
    exitCode: 5,
    error: { code: 'approval-required' },
    card: { stage: 'ready' },
  });
  expect(await world.puts()).toEqual({ sent: 1, taken: 0 });
  expect(await card.send()).toMatchObject({ exitCode: 0, card: { attempt: 2 } });
});

test.each([401, 403])(
  'the outcome of a lost answer is unknown when a read is answered with %i',
  async (status) => {
    world.fault({ ...PUT, reset: 'after' });
    // The first look is the one before the request.
    world.fault({ ...GET, times: 1, delayMs: 1 });
    world.fault({ ...GET, times: 1, status });
    const result = await card.send();
    expect(result).toMatchObject({
      exitCode: 8,
      error: { code: 'outcome-unknown', details: { httpStatus: status } },
      card: { stage: 'unknown' },
    });
    expect(result.error?.hint).toContain('kioskctl wait-produced');
    expect(await card.send()).toMatchObject({ exitCode: 0, changed: false, card: { stage: 'in-progress' } });
    expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
  },
);

test.each(['REQUEST_ALREADY_EXISTS', 'PAN_ALREADY_EXISTS'])(
  'while Wise reports an earlier request (%s), none is sent, however long nothing changes',
  async (errorCode) => {
    world.fault({ kind: 'produce', errorCode, times: 1 });
    const refused = { exitCode: 8, error: { details: { errorCode } } };
    const first = await card.send();
    expect(first).toMatchObject({ ...refused, card: { stage: 'unknown' } });
    expect(first.card.next).toContain('wait-produced');
    world.clock.time += 3_600_000;
    expect(await card.send()).toMatchObject(refused);
    expect(await card.repeat()).toMatchObject(refused);
    expect((await world.puts()).sent).toBe(1);
    world.answers.push(true);
    expect(await card.repeat({ abandon: true })).toMatchObject({ exitCode: 0, card: { attempt: 2 } });
  },
);

test('a card that is named twice is sent once', async () => {
  const { profileId, orderId, cardToken } = card.target;
  // Without the journal's knowledge, only the look tells that the order is the card's.
  const journal = world.openJournal('elsewhere');
  const results = await produce(world.context({ journal }), {
    targets: [
      { profileId, orderId, cardToken: null },
      { profileId, orderId: null, cardToken },
    ],
    kioskId: parseKioskId('WIS00001'),
    settings: {},
    wait: false,
    simulation: null,
  });
  expect(results.map(({ outcome }) => outcome)).toEqual(['done', 'unchanged']);
  expect((await world.puts()).sent).toBe(1);
  await journal.close();
});

test('a retry names a card twice and sends it once, also when it fails again', async () => {
  await card.fail('CB_TIME');
  const { profileId, orderId, cardToken } = card.target;
  const results = await retry(world.context(), {
    targets: [
      { profileId, orderId, cardToken: null },
      { profileId, orderId: null, cardToken },
    ],
    toKiosk: null,
    settings: {},
    abandon: false,
    wait: true,
    simulation: { status: 'PRODUCTION_ERROR', errorCode: 'CB_TIME' },
  });
  expect(results.map(({ exitCode }) => exitCode)).toEqual([4, 4]);
  expect((await world.puts()).sent).toBe(2);
});

test('a read before the request takes no longer than the timeout of the command', async () => {
  world.fault({ ...GET, path: '/card-orders/', times: 9, status: 429, headers: { 'retry-after': '5' } });
  const timing = { ...world.context().timing, timeout: 500 };
  expect(await card.send({ context: { timing } })).toMatchObject({
    exitCode: 7,
    error: { code: 'rate-limited' },
  });
  expect(
    await world.requests('GET', '/card-orders/').then((all) => all.filter(({ status }) => status === 429)),
  ).toHaveLength(1);
});

describe('waiting for the result', () => {
  test('an earlier failure never ends the wait for a new attempt', async () => {
    await card.fail();
    const failure = await fetch(
      `${world.url}/v3/spend/profiles/1001/cards/${card.target.cardToken}/production`,
      {
        headers: { authorization: 'Bearer any' },
      },
    );
    const body = await failure.text();
    world.answers.push(true);
    expect(await card.repeat()).toMatchObject({ exitCode: 0, card: { attempt: 2, stage: 'in-progress' } });
    // The vendor's data lag behind: it still shows the failure of the first attempt.
    world.fault({ kind: 'answer', method: 'GET', path: '/production', times: 3, status: 200, body });
    world.fault({ kind: 'answer', method: 'GET', path: '/production', times: 1, delayMs: 1 });
    const waiting = waitProduced(world.context({ timing: { ...world.context().timing, timeout: 1_200 } }), {
      targets: [{ ...card.target }],
      via: 'auto',
    });
    expect((await waiting)[0]).toMatchObject({ exitCode: 75, card: { stage: 'in-progress' } });
  });

  test('a wait ends immediately when the attempt has failed', async () => {
    await card.fail('PRT_RIBBON_ENDED');
    const [result] = await waitProduced(world.context(), { targets: [{ ...card.target }], via: 'auto' });
    expect(result).toMatchObject({
      exitCode: 4,
      error: { code: 'production-failed', details: { errorCode: 'PRT_RIBBON_ENDED' } },
    });
  });

  test('without the journal, a wait counts only attempts that started at --after or later', async () => {
    await card.fail();
    const [old] = await waitProduced(
      world.context({
        journal: world.openJournal('elsewhere'),
        timing: { ...world.context().timing, timeout: 500 },
      }),
      { targets: [{ ...card.target, after: '2026-03-01T12:30:00.000Z' }], via: 'auto' },
    );
    expect(old).toMatchObject({ exitCode: 75 });
    const [latest] = await waitProduced(world.context({ journal: world.openJournal('another') }), {
      targets: [{ ...card.target }],
      via: 'auto',
    });
    expect(latest).toMatchObject({ exitCode: 4 });
  });

  test('while the card cannot be read, the journal still identifies the attempt', async () => {
    await card.send();
    world.fault({ ...GET, path: '/cards/', times: 1_000, status: 503 });
    world.fault({ ...GET, path: '/card-orders/', times: 1_000, status: 503 });
    const timing = { ...world.context().timing, timeout: 300 };
    const [waited] = await waitProduced(world.context({ timing }), {
      targets: [{ ...card.target }],
      via: 'poll',
    });
    expect(waited).toMatchObject({
      exitCode: 75,
      card: { orderId: card.target.orderId, attempt: 1, attemptId: expect.any(String), production: null },
    });
  });

  test('a wait without a read names the command that waits again for the same attempt', async () => {
    world.fault({ ...GET, path: '/card', times: 1_000, status: 503 });
    const timing = { ...world.context().timing, timeout: 300 };
    const after = '2026-03-01T12:30:00.000Z';
    const journal = world.openJournal('elsewhere');
    const [waited] = await waitProduced(world.context({ timing, journal }), {
      targets: [{ ...card.target, after }],
      via: 'poll',
    });
    expect(waited?.error?.hint).toContain(
      `kioskctl wait-produced 1001/${card.target.cardToken} --after ${after}`,
    );
    await journal.close();
  });

  test('a wait ends with the attempt that was in progress, not with a later one', async () => {
    await card.send();
    const onSleep = async () => {
      if ((await world.puts()).taken === 1) {
        const simulation = { status: 'PRODUCTION_ERROR', errorCode: 'CB_TIME' } as const;
        await simulate(world.context(), { targets: [{ ...card.target }], simulation });
        await card.repeat();
      }
    };
    const [waited] = await waitProduced(world.context({ onSleep }), {
      targets: [{ ...card.target }],
      via: 'poll',
    });
    expect(waited).toMatchObject({
      exitCode: 9,
      error: { code: 'attempt-superseded' },
      card: { attempt: 2 },
    });
  });

  test('a wait in a sandbox names the command that sets the result of the card', async () => {
    await card.send({ wait: true, context: { timing: { ...world.context().timing, timeout: 300 } } });
    expect(world.said.join('\n')).toContain(
      `kioskctl simulate 1001/${card.target.orderId} --status PRODUCED --context local`,
    );
  });
});
