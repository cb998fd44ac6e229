// Answers of the API that no API should give. What can't be read is an outage, and no act is sent twice because of it.

import { once } from 'node:events';
import type http from 'node:http';
import { describe, expect, test } from 'vitest';
import { type Ended, expectClean, expectError, oneDocument, SECRET } from '../harness/program.ts';
import {
  type Answerer,
  apart,
  CARD,
  type Endpoint,
  HEALTHY_CARD,
  IN_PROGRESS,
  inTurn,
  json,
  ORDER,
  OwnVendor,
  READY,
  raw,
  TOKEN,
} from './vendor.ts';

type Answers = Partial<Record<Endpoint, Answerer>>;

const ENV = { KIOSKCTL_TOKEN: SECRET, KIOSKCTL_PROFILE_ID: '1001', KIOSKCTL_SETTLE: '50ms' };

/** Runs a command the way it goes to the real sandbox, to a vendor that answers so. @param how a process has to end, too */
async function run(
  answers: Answers,
  args: string,
  how: 'run' | 'spawn' = 'run',
): Promise<{ ended: Ended; vendor: OwnVendor }> {
  return apart(answers, async ({ user, vendor }) => {
    const where = ['--context', 'sandbox', '--base-url', vendor.url, '--json'];
    const ended = await user[how]([...args.split(' '), ...where], { env: ENV });
    expectClean(ended);
    return { ended, vendor };
  });
}

const status = `status ${CARD}`;
const waitReady = `wait-ready ${CARD} --interval 50ms`;
const produce = `produce ${CARD} --kiosk WIS00001 --interval 50ms`;

const UNREADABLE: [what: string, answer: Answerer][] = [
  [
    'HTML',
    raw('<html><title>502</title><body>Bad Gateway</body></html>', 200, { 'content-type': 'text/html' }),
  ],
  ['empty', raw('')],
  ['cut short', raw('{"id":501,"profileId":1001,"sta', 200, { 'content-type': 'application/json' })],
  [
    'cut short on the wire',
    (response) =>
      response.writeHead(200, { 'content-length': 1000 }).write('{"id":', () => response.destroy()),
  ],
  ['not UTF-8', raw(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]))],
  ['null', json(null)],
  [
    'of the wrong types',
    json({ id: '501', profileId: {}, status: 5, cardPrograms: {}, cardOrders: 'none', cards: 7, token: [] }),
  ],
  ['nested without end', raw('['.repeat(200_000))],
  ['nested 3,500 levels deep', raw(`${'['.repeat(3_500)}${']'.repeat(3_500)}`)],
  [
    'compressed without being asked',
    raw(Buffer.from('1f8b08000000000000ff', 'hex'), 200, { 'content-encoding': 'gzip' }),
  ],
  ['a redirect to nowhere', raw('', 302, { location: 'http://127.0.0.1:1/' })],
  ['a redirect in a circle', (response, request) => response.writeHead(301, { location: request.url }).end()],
  ['no content (204)', raw('', 204)],
];

/** Cards that differ in the number at the end of their token, so that one command meets one answer for each. */
const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => `1001/${TOKEN.slice(0, 24)}${String(index).padStart(12, '0')}`);

const sendAll = (count: number) => `produce ${numbered(count).join(' ')} --kiosk WIS00001 --interval 50ms`;

/** Gives each of the numbered cards its own answer. */
function byCard(answers: readonly Answerer[]): Answerer {
  return (response, request) => {
    const [, number = ''] = /-(\d{12})(?:\/|$)/.exec(request.url ?? '') ?? [];
    return answers[Number(number)]?.(response, request);
  };
}

describe.concurrent('a look at an answer that is', () => {
  test('a read whose response is malformed ends with 7', async () => {
    const cards = numbered(UNREADABLE.length);
    const unreadable = byCard(UNREADABLE.map(([, answer]) => answer));
    const { ended, vendor } = await run({ 'one card': unreadable }, `status ${cards.join(' ')}`);
    expect(ended.code, ended.stdout).toBe(7);
    for (const [index, { exitCode, error }] of oneDocument(ended).cards.entries()) {
      expect(exitCode, UNREADABLE[index]?.[0]).toBe(7);
      expect(error.code).toMatch(/^(answer-unreadable|unreachable)$/);
      expect(error.message).toMatch(/^The API's answer \(\d+\) can't be read|^The API could not be reached/);
      expect(error.hint).toMatch(/proxy|network/);
    }
    expect(vendor.acts).toEqual([]);
  });

  test.each<[string, Endpoint]>([
    [status, 'one order'],
    [`status ${TOKEN}`, 'orders'],
    [`status ${TOKEN}`, 'one card'],
  ])('HTML ends “%s” with 7 (%s)', async (command, endpoint) => {
    const { ended } = await run({ [endpoint]: UNREADABLE[0]?.[1] }, command);
    expectError(ended, {
      code: 7,
      error: 'answer-unreadable',
      message: /200.*can't be read/,
      hint: /proxy and base URL/,
    });
  });

  test('a read with a response of 10 MB ends with 7', async () => {
    const big = json({ ...ORDER, padding: 'x'.repeat(10 * 1024 * 1024) });
    const { ended } = await run({ 'one order': big }, status);
    expect(ended.code, ended.stdout).toBe(7);
    expect(oneDocument(ended).error.message).toMatch(/bytes|big|large/);
  });

  test('an endless response is not read to its end', async () => {
    let written = 0;
    const endless: Answerer = async (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      await pour(response, (bytes) => (written += bytes));
    };
    const { ended } = await run({ 'one order': endless }, status, 'spawn');
    expect(ended.code, ended.stdout).toBe(7);
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });
});

/** Writes until the other side leaves. */
async function pour(response: http.ServerResponse, count: (bytes: number) => void): Promise<void> {
  const chunk = Buffer.alloc(256 * 1024, ' ');
  const closed = once(response, 'close');
  while (!response.destroyed) {
    count(chunk.length);
    await Promise.race([closed, new Promise((resolve) => response.write(chunk, resolve))]);
  }
}

describe.concurrent('a wait', () => {
  test.each([...UNREADABLE.slice(0, 2), ['a 500', json({}, 500)] as const])(
    'a wait retries after %s',
    async (_what, answer) => {
      const bad: Answers = {
        'one order': inTurn(answer, answer, json(ORDER)),
        production: inTurn(answer, json(READY)),
      };
      const { ended } = await run(bad, waitReady);
      expect(ended.code, ended.stdout).toBe(0);
      expect(oneDocument(ended).card.stage).toBe('ready');
      expect(ended.stderr).toMatch(/can't be read: The API/);
    },
  );

  test('a wait during an outage until its deadline reports the outage: 75', async () => {
    const { ended } = await run({ production: json({}, 500) }, `${waitReady} --timeout 8s`);
    expectError(ended, {
      code: 75,
      error: 'deadline-passed',
      message: /ready.*the last check failed.*500/,
      hint: /wait-ready|status/,
    });
  });

  test.each<[number, number, string]>([
    [403, 3, 'credentials-refused'],
    [404, 10, 'not-found'],
  ])('ends at once on %i, with %i', async (httpStatus, code, error) => {
    const { ended, vendor } = await run({ 'one order': json({}, httpStatus) }, waitReady);
    expectError(ended, { code, error });
    expect(vendor.count('one order')).toBe(1);
  });

  test('a wait observes Retry-After', async () => {
    const limited = json({}, 429, { 'retry-after': '1' });
    const { ended, vendor } = await run({ 'one order': inTurn(limited, json(ORDER)) }, waitReady);
    expect(ended.code, ended.stdout).toBe(0);
    const [first, second] = vendor.received.filter(({ endpoint }) => endpoint === 'one order');
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test('a wait whose Retry-After is later than its deadline sends no further request', async () => {
    const limited = json({}, 429, { 'retry-after': '86400' });
    const { ended, vendor } = await run({ 'one order': limited }, `${waitReady} --timeout 8s`);
    expectError(ended, { code: 75, error: 'deadline-passed', message: /429/ });
    expect(vendor.count('one order')).toBeLessThanOrEqual(2);
  });

  test.each(['-5', 'soon'])('bears a Retry-After like “%s”', async (retryAfter) => {
    const limited = json({}, 429, { 'retry-after': retryAfter });
    const { ended } = await run({ 'one order': limited }, `${waitReady} --timeout 8s`);
    expectError(ended, { code: 75, error: 'deadline-passed', message: /429/ });
  });
});

describe.concurrent('a look', () => {
  test.each([502, 429])('a read is retried after a temporary %i: 0', async (httpStatus) => {
    const passing = inTurn(json({}, httpStatus), json(READY));
    const { ended, vendor } = await run({ production: passing }, status);
    expect(ended.code, ended.stdout).toBe(0);
    expect(vendor.count('production')).toBe(2);
  });

  test('a read with a Retry-After of 0 is retried immediately', async () => {
    const passing = inTurn(json({}, 503, { 'retry-after': '0' }), json(READY));
    const { ended } = await run({ production: passing }, status);
    expect(ended.code, ended.stdout).toBe(0);
  });

  test.each<[number, string]>([
    [500, 'api-failing'],
    [429, 'rate-limited'],
  ])('at %i that stays ends with 7 after some tries, with what to quote', async (httpStatus, error) => {
    const staying = json({ message: 'no' }, httpStatus, { 'x-trace-id': 'trace-4711' });
    const { ended, vendor } = await run({ production: staying }, status);
    expectError(ended, { code: 7, error, message: RegExp(String(httpStatus)) });
    expect(ended.json.error.details).toMatchObject({ httpStatus, traceId: 'trace-4711' });
    expect(vendor.count('production')).toBe(4);
  });

  test('a read with a Retry-After of an hour fails immediately', async () => {
    const { ended, vendor } = await run({ orders: json({}, 429, { 'retry-after': '3600' }) }, 'orders');
    expectError(ended, { code: 7, error: 'rate-limited', hint: /in 1h/ });
    expect(vendor.count('orders')).toBe(1);
  });

  test.each<[number, number, string, RegExp]>([
    [401, 3, 'credentials-refused', /token/],
    [404, 10, 'not-found', /reference.*profile.*environment/],
    [418, 10, 'rejected', /trace id/],
  ])('at %i ends with %i, after one request', async (httpStatus, code, error, hint) => {
    const { ended, vendor } = await run(
      { 'one order': json({ code: 'X', message: 'no' }, httpStatus) },
      status,
    );
    expectError(ended, { code, error, hint });
    expect(vendor.count('one order')).toBe(1);
  });

  test('a read without a server ends with 7', async () => {
    const vendor = await OwnVendor.open();
    vendor.close();
    await apart({}, async ({ user }) => {
      const ended = await user.run(`${status} --json --context sandbox --base-url ${vendor.url}`, {
        env: ENV,
      });
      expectError(ended, { code: 7, error: 'unreachable', message: /ECONNREFUSED/, hint: /base URL/ });
    });
  });

  test('a read of pages without end comes to an end', async () => {
    const others = Array.from({ length: 100 }, (_, index) => ({
      ...ORDER,
      id: 600 + index,
      cardToken: null,
    }));
    const page = json({ totalCount: 100, cardOrders: others });
    await apart({ orders: page }, async ({ user, vendor }) => {
      const { code } = await user.shell(
        `timeout 3 kioskctl status ${TOKEN} --json --context sandbox --base-url ${vendor.url}`,
        { env: ENV },
      );
      expect(code).not.toBe(124);
      expect(vendor.count('orders')).toBeLessThan(10);
    });
  });
});

describe.concurrent('a produce request', () => {
  const LOST: [string, Answerer][] = [
    ...UNREADABLE.filter(([what]) => /HTML|empty|wire|UTF-8|types|circle|204/.test(what)),
    ['a 500', json({}, 500)],
    ['a 503 with Retry-After', json({}, 503, { 'retry-after': '0' })],
    ['a 408', json({}, 408)],
    ['a refusal without a code', json({ status: 'REQUEST_ERROR' }, 422)],
    [
      'a refusal with a code that nobody knows',
      json({ ...READY, status: 'REQUEST_ERROR', errorCode: 'NEW' }, 422),
    ],
    ['a status that nobody knows', json({ ...IN_PROGRESS, status: 'MELTING' })],
    ['a closed connection', (response) => response.destroy()],
  ];

  test('a produce request with an unclear response is not repeated, and the card is checked: not seen is 7', async () => {
    const lost = byCard(LOST.map(([, answer]) => answer));
    const { ended, vendor } = await run({ produce: lost }, sendAll(LOST.length));
    expect(ended.code, ended.stdout).toBe(7);
    for (const [index, { exitCode, error }] of oneDocument(ended).cards.entries()) {
      expect(exitCode, LOST[index]?.[0]).toBe(7);
      expect(error, LOST[index]?.[0]).toMatchObject({ code: 'not-seen' });
      expect(error.message).toMatch(/Wise showed no sign of the request/);
      expect(error.hint).toMatch(/kioskctl produce/);
    }
    expect(new Set(vendor.acts.map(({ line }) => line)).size).toBe(LOST.length);
    expect(vendor.acts).toHaveLength(LOST.length);
  });

  test('a produce request with an unclear response that was received is 0', async () => {
    const taken = new Set<string>();
    const lost = byCard(LOST.map(([, answer]) => answer));
    const answers: Answers = {
      produce: (response, request) => {
        taken.add(request.url ?? '');
        return lost(response, request);
      },
      production: (response, request) =>
        json(taken.has(request.url ?? '') ? IN_PROGRESS : READY)(response, request),
    };
    const { ended, vendor } = await run(answers, sendAll(LOST.length));
    expect(ended.code, ended.stdout).toBe(0);
    for (const [index, card] of oneDocument(ended).cards.entries())
      expect(card, LOST[index]?.[0]).toMatchObject({ stage: 'in-progress', changed: true, exitCode: 0 });
    expect(vendor.acts).toHaveLength(LOST.length);
  });

  test('a produce request with an endless response is neither read to its end nor repeated', async () => {
    let written = 0;
    const endless: Answerer = async (response) => {
      response.writeHead(200);
      await pour(response, (bytes) => (written += bytes));
    };
    const { ended, vendor } = await run({ produce: endless }, produce, 'spawn');
    expectError(ended, { code: 7, error: 'not-seen' });
    expect(written).toBeLessThan(64 * 1024 * 1024);
    expect(vendor.count('produce')).toBe(1);
  });

  test('a produce request that is rejected is not repeated, and does not change the card', async () => {
    const refusals: [httpStatus: number, exitCode: number, error: string][] = [
      [401, 3, 'credentials-refused'],
      [403, 3, 'credentials-refused'],
      [404, 10, 'not-found'],
      [429, 7, 'rate-limited'],
    ];
    const produce = byCard(refusals.map(([httpStatus]) => json({}, httpStatus, { 'retry-after': '0' })));
    const { ended, vendor } = await run({ produce }, sendAll(refusals.length));
    expect(ended.code, ended.stdout).toBe(3);
    for (const [index, [, exitCode, error]] of refusals.entries())
      expect(oneDocument(ended).cards[index]).toMatchObject({
        exitCode,
        error: { code: error },
        stage: 'ready',
      });
    expect(vendor.acts).toHaveLength(refusals.length);
  });

  test('a produce request is not sent if the read before it fails', async () => {
    for (const endpoint of ['production', 'one order', 'one card'] as const) {
      const { ended, vendor } = await run({ [endpoint]: UNREADABLE[0]?.[1] }, produce);
      expectError(ended, { code: 7, error: 'answer-unreadable' });
      expect(vendor.acts).toEqual([]);
    }
  });
});

describe.concurrent('a redirect', () => {
  test.each([301, 303, 307])(
    'a redirect (%i) is never followed, and never receives the token',
    async (httpStatus) => {
      const elsewhere = await OwnVendor.open();
      const away: Answerer = (response, request) =>
        response.writeHead(httpStatus, { location: `${elsewhere.url}${request.url}` }).end();
      const look = await run({ 'one order': away }, status);
      expectError(look.ended, { code: 7, error: 'answer-unreadable' });
      const act = await run({ produce: away }, produce);
      expectError(act.ended, { code: 7, error: 'not-seen' });
      elsewhere.close();
      expect(elsewhere.received).toEqual([]);
    },
  );
});

describe.concurrent('other acts', () => {
  const order = 'order --cardholder Ada --first-line Street --city York --post-code Y1 --country GB';

  test('an order whose response is always lost is retried only with the same key, and ends with 8', async () => {
    const { ended, vendor } = await run(
      { order: UNREADABLE[0]?.[1] ?? raw('') },
      `${order} --timeout 8s --interval 100ms`,
    );
    expectError(ended, { code: 8, error: 'outcome-unknown', hint: /--idempotency-key/ });
    const keys = vendor.acts.map(({ headers }) => headers['x-idempotence-uuid']);
    expect(keys.length).toBeGreaterThan(1);
    expect(new Set(keys).size).toBe(1);
    expect(ended.json.error.details.idempotencyKey).toBe(keys[0]);
    expect(JSON.stringify(ended.json)).not.toContain('1001/null');
  });

  test('an order whose first response is lost exists once', async () => {
    const { ended, vendor } = await run(
      { order: inTurn(raw('<html>'), json(ORDER)) },
      `${order} --interval 100ms`,
    );
    expect(oneDocument(ended)).toMatchObject({ exitCode: 0, changed: true, card: { orderId: 501 } });
    expect(new Set(vendor.acts.map(({ headers }) => headers['x-idempotence-uuid'])).size).toBe(1);
  });

  test('after a lost response, a cancellation is confirmed by a read', async () => {
    const cancelled = { ...ORDER, status: 'CANCELLED' };
    const { ended, vendor } = await run(
      {
        cancel: (response) => response.destroy(),
        'one order': inTurn(json(ORDER), json(ORDER), json(cancelled)),
      },
      `cancel ${CARD} --yes --interval 100ms`,
    );
    expect(oneDocument(ended)).toMatchObject({ exitCode: 0, changed: true, card: { stage: 'cancelled' } });
    expect(vendor.count('cancel')).toBe(1);
  });
});

describe.concurrent('a word that nobody documented', () => {
  test('an undocumented order status is shown unchanged', async () => {
    const { ended } = await run({ 'one order': json({ ...ORDER, status: 'TELEPORTED' }) }, status);
    expect(oneDocument(ended)).toMatchObject({
      exitCode: 0,
      card: { orderStatus: 'TELEPORTED', stage: 'ready' },
    });
  });

  test('an undocumented production status is shown unchanged, and the card is not sent', async () => {
    const melting = json({ ...IN_PROGRESS, status: 'MELTING' });
    const look = await run({ production: melting }, status);
    expect(oneDocument(look.ended).card).toMatchObject({
      stage: 'unknown',
      production: { status: 'MELTING' },
    });
    const act = await run({ production: melting }, produce);
    expectError(act.ended, { code: 9, error: 'wrong-stage' });
    expect(act.vendor.acts).toEqual([]);
    const wait = await run({ production: melting }, `${waitReady} --timeout 8s`);
    expectError(wait.ended, { code: 75, error: 'deadline-passed' });
  });

  test('an undocumented requirement is reported immediately, with its status', async () => {
    const placed = { ...ORDER, status: 'PLACED', cardToken: null };
    const { ended } = await run(
      {
        'one order': json(placed),
        requirements: json({ requirements: [{ type: 'BLOOD_SAMPLE', status: 'ON_ITS_WAY' }] }),
      },
      'wait-ready 1001/501 --timeout 8s --interval 100ms',
    );
    expectError(ended, { code: 75, error: 'deadline-passed', message: /placed/ });
    expect(ended.json.card.requirements).toEqual([{ type: 'BLOOD_SAMPLE', status: 'ON_ITS_WAY' }]);
    expect(ended.stderr).toMatch(/BLOOD_SAMPLE \(ON_ITS_WAY\)/);
  });

  test('an undocumented error code is shown unchanged, with cautious advice: 5', async () => {
    const failed = json({ ...IN_PROGRESS, status: 'PRODUCTION_ERROR', errorCode: 'PRD_GREMLINS' });
    const { ended } = await run({ production: failed }, `wait-produced ${CARD}`);
    expectError(ended, { code: 5, error: 'production-failed', message: /PRD_GREMLINS/, hint: /ask Wise/ });
    expect(ended.json.error.details.errorCode).toBe('PRD_GREMLINS');
  });

  test('an undocumented field, program, delivery or time causes no error', async () => {
    const strange = {
      ...ORDER,
      futureField: { deep: [1] },
      creationTime: 'the day before yesterday',
      cardProgram: 'none',
      deliveryDetails: 7,
      address: null,
    };
    const answers = {
      'one order': json(strange),
      'one card': json({ ...HEALTHY_CARD, creationTime: 42 }),
      production: json({ ...READY, occurredAt: '2024-01-01T12:24:560Z', description: 5 }),
    };
    const { ended } = await run(answers, status);
    expect(oneDocument(ended)).toMatchObject({ exitCode: 0, card: { stage: 'ready', ageDays: null } });
    expect(
      oneDocument((await run({ orders: json({ totalCount: 1, cardOrders: [strange] }) }, 'orders')).ended)
        .exitCode,
    ).toBe(0);
  });

  test('a malformed card token never becomes part of a request path', async () => {
    const evil = '../../../../v1/simulation/x';
    const { ended, vendor } = await run(
      { 'one order': json({ ...ORDER, cardToken: evil }) },
      'produce 1001/501 --kiosk WIS00001',
    );
    expect(ended.code).not.toBe(1);
    oneDocument(ended);
    expect(vendor.acts).toEqual([]);
    expect(vendor.received.filter(({ line }) => line.includes('simulation'))).toEqual([]);
  });
});
