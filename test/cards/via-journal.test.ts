// Waits on the journal: what the vendor's events tell, and when the API is looked at all the same.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { order } from '../../src/cards/order.ts';
import { simulate } from '../../src/cards/simulate.ts';
import { waitProduced } from '../../src/cards/wait-produced.ts';
import { waitReady } from '../../src/cards/wait-ready.ts';
import type { Context } from '../../src/context/context.ts';
import type { KeptEvent } from '../../src/domain/event.ts';
import { type CardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { Via } from '../../src/domain/results.ts';
import { watchStatus } from '../../src/status/status.ts';
import { eventOf, Listener, OneCard } from '../harness/cards.ts';
import { orderEvent, productionEvent } from '../harness/records.ts';
import type { World } from '../harness/world.ts';

let card: OneCard;
let world: World;
let listener: Listener;

beforeEach(async () => {
  card = await OneCard.open();
  ({ world } = card);
  listener = await Listener.start(world, { isSubscribed: false });
});
afterEach(() => world.close());

function context(timeout = 30_000, more: Partial<Context> = {}): Context {
  const { timing } = world.context();
  return world.context({ clock: listener.clock, timing: { ...timing, timeout }, ...more });
}

async function wait(given: { via?: Via; ctx?: Context; after?: string } = {}) {
  const { via = 'auto', ctx = context(), after = null } = given;
  const [result] = await waitProduced(ctx, { targets: [{ ...card.target, after }], via });
  if (!result) throw new Error('no result');
  return result;
}

/** Sends the card, and receives the event that it is in progress. */
async function sendAndHear(): Promise<void> {
  await card.send();
  await listener.keep(await eventOf(card, 'IN_PROGRESS'));
}

async function looks(): Promise<number> {
  return (await world.requests('GET', '/production')).length;
}

/** What the API really says at the end, whatever the events said. */
async function finish(errorCode?: string): Promise<void> {
  const simulation = errorCode
    ? ({ status: 'PRODUCTION_ERROR', errorCode } as const)
    : ({ status: 'PRODUCED' } as const);
  await simulate(world.context(), { targets: [{ ...card.target }], simulation });
}

describe('a signed event', () => {
  test.each([
    ['PRODUCED', null, { exitCode: 0, outcome: 'done', card: { stage: 'produced', next: null } }],
    [
      'PRODUCTION_ERROR',
      'PRD_HOPPER_DOOR',
      {
        exitCode: 4,
        card: { stage: 'failed', production: { errorCode: 'PRD_HOPPER_DOOR' } },
        error: { code: 'production-failed' },
      },
    ],
  ])(
    'a signed event with %s ends the wait within moments, without another read',
    async (status, errorCode, expected) => {
      await sendAndHear();
      listener.keepAfter(5_000, await eventOf(card, status, { errorCode }));
      const [before, started] = [await looks(), world.clock.now()];
      expect(await wait()).toMatchObject({ ...expected, via: 'event' });
      expect(await looks()).toBe(before + 1);
      expect(world.clock.now() - started).toBeLessThan(5_100);
      expect(world.said.join('\n')).toMatch(new RegExp(`${status} \\(event \\d+\\)`));
      const attempt = await world.journal.latestAttempt(card.target.cardToken);
      expect(attempt).toMatchObject({ number: 1, outcome: status === 'PRODUCED' ? 'produced' : 'failed' });
    },
  );

  test('a signed event in whole seconds ends the wait, and the attempt keeps its precise time', async () => {
    await card.send();
    const { occurredAt } = await eventOf(card, 'PRODUCED');
    const coarse = occurredAt?.replace(/\.\d+Z$/, 'Z') ?? null;
    listener.keepAfter(1_000, await eventOf(card, 'PRODUCED', { occurredAt: coarse }));
    expect(await wait()).toMatchObject({ via: 'event', card: { production: { occurredAt } } });
  });

  test('a signed event that came before the wait ends it after the first read, while the API lags behind', async () => {
    await card.send();
    await listener.keep(await eventOf(card, 'PRODUCED'));
    expect(await wait()).toMatchObject({ exitCode: 0, via: 'event' });
  });

  test('a signed event ends a wait during an outage of the API', async () => {
    await card.send();
    listener.clock.plan(500, async () =>
      world.fault({ kind: 'answer', method: 'GET', path: '/', status: 503, times: 1_000 }),
    );
    // A hint makes it look, and see that the API is out.
    listener.keepAfter(1_000, await eventOf(card, 'PRODUCED', { isVerified: false }));
    listener.keepAfter(3_000, await eventOf(card, 'PRODUCED'));
    const started = world.clock.now();
    expect(await wait()).toMatchObject({ exitCode: 0, via: 'event' });
    expect(world.clock.now() - started).toBeLessThan(3_100);
    expect(world.shown.some(({ outage }) => outage !== null)).toBe(true);
  });

  test('a signed event does not hide that the card could never be read', async () => {
    await card.send();
    world.fault({ kind: 'answer', method: 'GET', path: '/', status: 503, times: 1_000 });
    listener.keepAfter(1_000, await eventOf(card, 'PRODUCED'));
    expect(await wait({ ctx: context(3_000) })).toMatchObject({
      exitCode: 75,
      error: { message: expect.stringContaining('the last check failed') },
    });
  });

  test('a signed event ends produce --wait', async () => {
    listener.clock.plan(2_000, async () => listener.keep(await eventOf(card, 'PRODUCED')));
    const result = await card.send({ wait: true, context: context() });
    expect(result).toMatchObject({ exitCode: 0, changed: true, via: 'event', card: { stage: 'produced' } });
    expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
  });

  test('a signed event wakes status --watch', async () => {
    await card.send();
    listener.keepAfter(5_000, await eventOf(card, 'PRODUCED'));
    const before = await looks();
    const stages: string[] = [];
    const options = { targets: [{ ...card.target }], history: false, exitStatus: true, deadline: null };
    await watchStatus(context(), { ...options, via: 'journal' }, async ([result]) => {
      stages.push(`${result?.card.stage} ${result?.exitCode}`);
    });
    expect(stages).toEqual(['in-progress 75', 'produced 0']);
    expect(await looks()).toBe(before + 1);
  });
});

describe('a wait on the journal', () => {
  /** What else may arrive for a card that is being produced for the second time, and what the API goes on to say. */
  const cases: [string, (now: KeptEvent, earlier: KeptEvent) => KeptEvent][] = [
    [
      'the failure that an earlier attempt left behind',
      (_, earlier) => ({ ...earlier, deliveryId: 'again' }),
    ],
    [
      'the same in whole seconds',
      (_, earlier) => ({ ...earlier, occurredAt: earlier.occurredAt?.replace(/\.\d+Z$/, 'Z') ?? null }),
    ],
    ['a test notification', (now) => ({ ...now, isTest: true })],
    ['a hint', (now) => ({ ...now, isVerified: false })],
    ['a time that cannot be read', (now) => ({ ...now, occurredAt: '2024-01-01T12:24:560Z' })],
    ['no time', (now) => ({ ...now, occurredAt: null })],
    ['another kiosk', (now) => ({ ...now, kioskId: parseKioskId('WIS00003') })],
    ['another profile', (now) => ({ ...now, profileId: 1002 })],
    ['a word that nobody documented', (now) => ({ ...now, status: 'POLISHED' })],
    ['a refusal', (now) => ({ ...now, status: 'REQUEST_ERROR' })],
    ['another type', (now) => ({ ...now, eventType: 'cards#card-status-change' })],
    ['an order', ({ cardToken }) => orderEvent('PRODUCED', { cardToken })],
  ];

  test.each(cases)('a wait that reads the journal is not ended by %s', async (_, make) => {
    await card.fail();
    const earlier = await eventOf(card, 'PRODUCTION_ERROR');
    world.answers.push(true);
    await card.repeat();
    const attempt = await world.journal.latestAttempt(card.target.cardToken);
    listener.keepAfter(2_000, make(await eventOf(card, 'PRODUCTION_ERROR'), earlier));
    expect(await wait({ ctx: context(6_000) })).toMatchObject({
      exitCode: 75,
      card: { stage: 'in-progress', attempt: 2 },
    });
    expect(await world.journal.latestAttempt(card.target.cardToken)).toEqual(attempt);
    await finish();
    expect(await wait()).toMatchObject({ exitCode: 0, via: 'api', card: { attempt: 2 } });
    expect(await world.puts()).toEqual({ sent: 2, taken: 2 });
  });

  test('a wait is not ended by an event of an attempt that was abandoned meanwhile', async () => {
    await card.send();
    const { cardToken } = card.target;
    listener.clock.plan(1_000, async () => {
      const event = await eventOf(card, 'PRODUCTION_ERROR');
      const attempt = await world.journal.latestAttempt(cardToken);
      if (attempt) await world.journal.update(attempt, { outcome: 'abandoned', at: listener.clock.now() });
      await listener.keep(event);
    });
    await wait({ ctx: context(3_000) });
    expect(await world.journal.listAttempts(cardToken)).toMatchObject([{ outcome: 'abandoned' }]);
  });

  test('a wait is not ended by an event of a time before --after', async () => {
    await card.send();
    listener.keepAfter(1_000, await eventOf(card, 'PRODUCED'));
    expect(await wait({ ctx: context(3_000), after: '2026-03-01T13:00:00.000Z' })).toMatchObject({
      exitCode: 75,
    });
  });

  test('a wait is not ended by an event of an attempt whose request may not have arrived', async () => {
    world.fault({ kind: 'answer', method: 'PUT', path: '/production', times: 1, reset: 'before' });
    const { signal } = new AbortController();
    const sending = card.send({ context: context(1_000, { signal }) });
    expect(await sending).toMatchObject({ exitCode: 8 });
    await listener.keep(
      await eventOf(card, 'PRODUCED', {
        kioskId: parseKioskId('WIS00001'),
        occurredAt: '2026-03-01T12:30:00.000Z',
      }),
    );
    expect(await wait()).toMatchObject({ exitCode: 7, error: { code: 'not-seen' }, via: 'api' });
  });
});

describe('a second request', () => {
  test('a second request is not sent because of an event that the API does not confirm', async () => {
    await card.send();
    listener.keepAfter(1_000, await eventOf(card, 'PRODUCTION_ERROR', { errorCode: 'PRT_RIBBON' }));
    expect(await wait()).toMatchObject({ exitCode: 4, via: 'event' });
    world.answers.push(true);
    expect(await card.repeat()).toMatchObject({ exitCode: 0, changed: false });
    expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
  });

  test.each(['PRODUCED', 'PRODUCTION_ERROR'])(
    'a second request is not sent by produce after %s while the API still shows the earlier state',
    async (status) => {
      const ready = await fetch(
        `${world.url}/v3/spend/profiles/1001/cards/${card.target.cardToken}/production`,
        { headers: { authorization: 'Bearer any' } },
      );
      const body = await ready.text();
      world.fault({ kind: 'answer', method: 'GET', path: '/production', times: 1, status: 200, body });
      await card.send();
      world.fault({ kind: 'answer', method: 'GET', path: '/production', times: 1_000, status: 200, body });
      await listener.keep(await eventOf(card, status));
      expect(await wait()).toMatchObject({ exitCode: status === 'PRODUCED' ? 0 : 4, via: 'event' });
      const again = await card.send();
      expect(again).toMatchObject(
        status === 'PRODUCED'
          ? { exitCode: 0, changed: false, card: { stage: 'produced', production: { status } } }
          : { exitCode: 9, card: { stage: 'unknown' } },
      );
      expect(await card.repeat()).toMatchObject({ exitCode: status === 'PRODUCED' ? 0 : 9 });
      const waited = await wait({ ctx: context(1_000) });
      expect(waited.exitCode).toBe(status === 'PRODUCED' ? 0 : 75);
      expect((await world.puts()).sent).toBe(1);
    },
  );

  test('a second request is sent once after an event that the API confirms', async () => {
    await card.send();
    listener.clock.plan(1_000, async () => {
      const event = await eventOf(card, 'PRODUCTION_ERROR', { errorCode: 'PRT_RIBBON' });
      await finish('PRT_RIBBON');
      await listener.keep(event);
    });
    expect(await wait()).toMatchObject({ exitCode: 4 });
    world.answers.push(true);
    expect(await card.repeat()).toMatchObject({ exitCode: 0, changed: true, card: { attempt: 2 } });
    expect(await world.puts()).toEqual({ sent: 2, taken: 2 });
  });
});

describe('reads of the API', () => {
  test('a wait on the journal reads the API at the start, once a minute and at the deadline', async () => {
    await sendAndHear();
    const before = await looks();
    expect(await wait({ ctx: context(150_000) })).toMatchObject({ exitCode: 75 });
    expect((await looks()) - before).toBeLessThanOrEqual(5);
    expect((await looks()) - before).toBeGreaterThanOrEqual(4);
  });

  test('while nothing happens, a wait reads the API once a minute and the journal about once a second', async () => {
    await sendAndHear();
    let reads = 0;
    const { journal } = world;
    const counted: typeof journal = {
      ...journal,
      newsOf: async (...of) => {
        reads += 1;
        return journal.newsOf(...of);
      },
    };
    expect(await wait({ ctx: context(50_000, { journal: counted }) })).toMatchObject({ exitCode: 75 });
    expect(reads).toBeGreaterThan(40);
    expect(reads).toBeLessThan(80);
  });

  test('a wait reads the API within a minute of a change that no event reported', async () => {
    await sendAndHear();
    listener.clock.plan(5_000, () => finish());
    const started = world.clock.now();
    expect(await wait({ ctx: context(100_000) })).toMatchObject({ exitCode: 0, via: 'api' });
    expect(world.clock.now() - started).toBeLessThanOrEqual(60_100);
  });

  test('a wait reads the API immediately after a hint, and repeatedly until it shows the same', async () => {
    await sendAndHear();
    listener.keepAfter(5_000, await eventOf(card, 'PRODUCED', { isVerified: false }));
    listener.clock.plan(7_000, () => finish());
    const [before, started] = [await looks(), world.clock.now()];
    expect(await wait()).toMatchObject({ exitCode: 0, via: 'api' });
    expect(world.clock.now() - started).toBeLessThan(13_000);
    expect((await looks()) - before).toBeLessThan(25);
  });

  test('a wait reads the API once after a late event about a state that was read before', async () => {
    await sendAndHear();
    listener.keepAfter(5_000, orderEvent('PLACED', { cardToken: card.target.cardToken }));
    listener.keepAfter(6_000, await eventOf(card, 'READY', { kioskId: null }));
    listener.keepAfter(7_000, await eventOf(card, 'IN_PROGRESS'));
    listener.keepAfter(10_000, await eventOf(card, 'PRODUCED'));
    const before = await looks();
    expect(await wait()).toMatchObject({ via: 'event' });
    expect((await looks()) - before).toBe(1);
  });

  test.each([
    ['receives nothing', async () => undefined, 500],
    ['receives events of other cards only', async () => listener.subscribe(), 1_500],
    [
      'received the events of an earlier attempt only',
      async () => {
        await listener.keep(await eventOf(card, 'IN_PROGRESS', { occurredAt: '2026-03-01T11:00:00.120Z' }));
      },
      1_500,
    ],
  ])('a wait is as quick as without a listener if the running one %s', async (_, receive, late) => {
    await card.send();
    await receive();
    listener.clock.plan(4_500, () => finish());
    const started = world.clock.now();
    expect(await wait()).toMatchObject({ exitCode: 0, via: 'api' });
    expect(world.clock.now() - started).toBeLessThan(4_500 + late);
  });

  test('status --watch is as quick as without a listener if the running one receives nothing', async () => {
    await card.send();
    listener.clock.plan(5_000, () => finish());
    const started = world.clock.now();
    const options = { targets: [{ ...card.target }], history: false, exitStatus: true, deadline: null };
    await watchStatus(context(), { ...options, via: 'auto' }, async () => undefined);
    expect(world.clock.now() - started).toBeLessThan(5_500);
  });

  test('an event ends a wait that polls because the running listener had received nothing', async () => {
    await card.send();
    const slow = { ...world.context().timing, firstPause: 20_000, interval: 20_000, timeout: 60_000 };
    listener.keepAfter(3_000, await eventOf(card, 'PRODUCED'));
    const started = world.clock.now();
    expect(await wait({ ctx: context(60_000, { timing: slow }) })).toMatchObject({ via: 'event' });
    expect(world.clock.now() - started).toBeLessThan(3_100);
  });

  test('a wait polls the API without a listener, and with --via poll', async () => {
    await card.send();
    listener.keepAfter(1_000, await eventOf(card, 'PRODUCED'));
    const polled = await wait({ via: 'poll', ctx: context(4_000) });
    expect(polled).toMatchObject({ exitCode: 75 });
    await listener.stop();
    const before = await looks();
    expect(await wait({ ctx: context(4_000) })).toMatchObject({ exitCode: 75 });
    expect((await looks()) - before).toBeGreaterThan(8);
  });

  test.each(['stop', 'fallSilent'] as const)(
    'a wait reads the API at the usual interval once the listener has stopped (%s)',
    async (end) => {
      await card.send();
      listener.clock.plan(5_000, async () => listener[end]());
      listener.clock.plan(20_000, () => finish());
      const started = world.clock.now();
      expect(await wait({ ctx: context(59_000) })).toMatchObject({ exitCode: 0, via: 'api' });
      expect(world.clock.now() - started).toBeLessThan(21_000);
    },
  );

  test('a wait stops polling the API once a listener is running', async () => {
    await card.send();
    await listener.stop();
    listener.clock.plan(3_000, () => listener.start());
    listener.keepAfter(20_000, await eventOf(card, 'PRODUCED'));
    expect(await wait()).toMatchObject({ exitCode: 0, via: 'event' });
  });
});

describe('--via journal', () => {
  test('--via journal is refused without a listener, before any request', async () => {
    await listener.stop();
    const before = (await world.requests('GET', '/')).length;
    const targets = [{ ...card.target }];
    const options = { targets, history: false, exitStatus: false, deadline: null, via: 'journal' as const };
    const waits = [
      waitProduced(context(), { targets, via: 'journal' }),
      waitReady(context(), { targets, via: 'journal' }),
      watchStatus(context(), options, async () => undefined),
    ];
    for (const refused of waits) {
      await expect(refused).rejects.toMatchObject({
        code: 'no-listener',
        exitCode: 9,
        hint: expect.stringContaining('kioskctl listen --context local'),
      });
    }
    expect(await world.requests('GET', '/')).toHaveLength(before);
  });

  test('a wait with --via journal continues with a warning when the listener ends', async () => {
    await card.send();
    listener.clock.plan(5_000, () => listener.stop());
    listener.clock.plan(10_000, () => listener.start());
    listener.keepAfter(12_000, await eventOf(card, 'PRODUCED'));
    const before = await looks();
    expect(await wait({ via: 'journal' })).toMatchObject({ exitCode: 0, via: 'event' });
    expect((await looks()) - before).toBe(1);
    expect(world.said.filter((line) => /listener/i.test(line))).toHaveLength(2);
  });
});

describe('wait-ready', () => {
  test('wait-ready is as quick as without a listener if the running one receives nothing', async () => {
    const { card: placed } = await order(world.context(), NEW);
    const target = { profileId: 1001, orderId: placed.orderId, cardToken: null };
    const started = world.clock.now();
    const [result] = await waitReady(context(), { targets: [target], via: 'auto' });
    expect(result).toMatchObject({ exitCode: 0, via: 'api' });
    expect(world.clock.now() - started).toBeLessThan(2_500);
  });

  const NEW = {
    fields: {},
    file: null,
    like: null,
    replaces: null,
    idempotencyKey: null,
    wait: false,
  };

  test('wait-ready is woken by an event of the order, and ends with READY', async () => {
    const { card: placed } = await order(world.context(), NEW);
    const { orderId } = placed;
    const details = { orderId, occurredAt: '2026-03-01T12:00:10Z' };
    listener.clock.plan(3_000, async () => {
      const response = await fetch(`${world.url}/v3/spend/profiles/1001/card-orders/${orderId}`, {
        headers: { authorization: 'Bearer any' },
      });
      const { cardToken } = (await response.json()) as { cardToken: CardToken };
      // The API lags behind: it does not show READY for a long time.
      world.fault({ kind: 'answer', method: 'GET', path: '/production', status: 404, times: 1_000 });
      await listener.keep(orderEvent('CARD_DETAILS_CREATED', { ...details, cardToken }));
      listener.keepAfter(2_000, productionEvent('READY', { cardToken, occurredAt: '2026-03-01T12:00:12Z' }));
    });
    const target = { profileId: 1001, orderId, cardToken: null };
    const [result] = await waitReady(context(), { targets: [target], via: 'journal' });
    expect(result).toMatchObject({
      exitCode: 0,
      via: 'event',
      card: { stage: 'ready', production: { status: 'READY' }, cardToken: expect.any(String) },
    });
  });

  test('wait-ready ends after a read when an event reports that the order is cancelled', async () => {
    const { card: placed } = await order(world.context({ profileId: 1003 }), NEW);
    const { orderId } = placed;
    listener.clock.plan(3_000, async () => {
      await fetch(`${world.url}/v3/spend/profiles/1003/card-orders/${orderId}/status`, {
        method: 'PUT',
        headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
        body: JSON.stringify({ status: 'CANCELLED' }),
      });
      await listener.keep(orderEvent('CANCELLED', { profileId: 1003, orderId, cardToken: null }));
    });
    const started = world.clock.now();
    const target = { profileId: 1003, orderId, cardToken: null };
    const [result] = await waitReady(context(), { targets: [target], via: 'auto' });
    expect(result).toMatchObject({ exitCode: 6, via: 'api', error: { code: 'order-cancelled' } });
    // The sandbox takes its time to cancel: it is looked at again and again until it says so.
    expect(world.clock.now() - started).toBeLessThan(4_000);
  });
});
