import { inspect } from 'node:util';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { Failure, Outage } from '../../src/domain/errors/failure.ts';
import {
  answerFailure,
  type Client,
  type Owner,
  type ReadOptions,
  unreachable,
} from '../../src/wise/client.ts';
import {
  type Answer,
  cut,
  inTurn,
  json,
  makeClient,
  raw,
  reset,
  SECRET,
  silence,
  Vendor,
} from '../harness/server.ts';

const PATH = '/v3/spend/profiles/1001/cards';
const CORRELATION = 'b1f6a2a4-0000-4000-8000-000000000001';

async function read(client: Client, options: ReadOptions = { retry: false, left: () => 500 }) {
  return client.read(
    { method: 'GET', path: PATH, profileId: 1001, schema: v.object({ good: v.boolean() }) },
    options,
  );
}

async function failureFrom(answer: Answer): Promise<Failure> {
  const vendor = await Vendor.open(answer);
  return read(vendor.client()).then(
    () => {
      throw new Error('it was read');
    },
    (error: Failure) => error,
  );
}

/** Returns all text in a value at any depth, hidden properties included. */
function everythingIn(value: unknown): string {
  return inspect(value, {
    depth: Infinity,
    showHidden: true,
    getters: true,
    maxArrayLength: null,
    maxStringLength: null,
  });
}

test('a request with an effect of a read-only command throws, and nothing is sent', async () => {
  const vendor = await Vendor.open(json(200, {}));
  const client = vendor.client({ mayAct: false });
  await expect(client.send({ method: 'PUT', path: PATH, profileId: 1001 })).rejects.toThrow(TypeError);
  expect(vendor.asked).toEqual([]);
});

describe.concurrent('a request', () => {
  test('a request has the token of its profile, its ids and the user agent', async () => {
    const vendor = await Vendor.open(json(200, { good: true }));
    const profiles: Owner[] = [];
    const token = async (profileId: Owner) => {
      profiles.push(profileId);
      return `${SECRET}-${profileId}`;
    };
    const client = vendor.client({ token });
    await read(client);
    await client.send(
      { method: 'PUT', path: PATH, profileId: 7, body: { a: 1 }, headers: { 'x-more': 'yes' } },
      { correlationId: CORRELATION },
    );
    const [got, put] = vendor.asked;
    expect(profiles).toEqual([1001, 7]);
    expect(got?.headers).toMatchObject({
      authorization: `Bearer ${SECRET}-1001`,
      'user-agent': 'kioskctl/test',
      accept: 'application/json',
      'x-external-correlation-id': expect.stringMatching(
        /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
      ),
    });
    expect(got).toMatchObject({ method: 'GET', path: PATH, body: '' });
    expect(put).toMatchObject({ method: 'PUT', body: '{"a":1}' });
    expect(put?.headers).toMatchObject({
      authorization: `Bearer ${SECRET}-7`,
      'content-type': 'application/json',
      'x-external-correlation-id': CORRELATION,
      'x-more': 'yes',
    });
  });

  test('a request has its own id, which its retries share', async () => {
    const vendor = await Vendor.open(inTurn(json(503, {}), json(200, { good: true })));
    const client = vendor.client();
    await read(client, {});
    await read(client, {});
    const [first, again, other] = vendor.asked.map(({ headers }) => headers['x-external-correlation-id']);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test.for([
    ['legacy', PATH, PATH],
    ['2026Q4', PATH, '/2026Q4/spend/profiles/1001/cards'],
    ['2026Q3', '/v1/simulation/spend/profiles/1', '/2026Q3/simulation/spend/profiles/1'],
    ['2026Q4', '/v3/spend/v3/x', '/2026Q4/spend/v3/x'],
  ] as const)('of version %s to %s goes to %s', async ([apiVersion, path, sent], { expect }) => {
    const vendor = await Vendor.open(json(200, {}));
    await vendor.client({ apiVersion }).send({ method: 'POST', path, profileId: 1001 });
    expect(vendor.asked.map((one) => one.path)).toEqual([sent]);
  });

  test('a request without a token is not sent', async () => {
    const vendor = await Vendor.open(json(200, { good: true }));
    const missing = new Failure('credentials-missing', 'm', { hint: 'h' });
    const client = vendor.client({ token: async () => Promise.reject(missing) });
    await expect(read(client)).rejects.toBe(missing);
    await expect(client.send({ method: 'PUT', path: PATH, profileId: 1001 })).rejects.toBe(missing);
    expect(vendor.asked).toEqual([]);
  });

  test('a request is logged in one line without secrets', async () => {
    const vendor = await Vendor.open(json(200, { good: true }, { 'x-trace-id': 'abc123' }));
    const lines: string[] = [];
    const client = vendor.client({ onExchange: (line) => lines.push(line) });
    await client.send(
      { method: 'PUT', path: PATH, profileId: 1001, body: { name: 'Ada Example' } },
      { correlationId: CORRELATION },
    );
    await read(makeClient('http://127.0.0.1:1', { onExchange: (line) => lines.push(line) })).catch(
      () => undefined,
    );
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(new RegExp(`^PUT ${PATH} 200 .*abc123.*${CORRELATION}.*\\d+ ms$`));
    expect(lines[1]).toContain('ECONNREFUSED');
    expect(lines.join()).not.toMatch(/tok-4711|Ada|Bearer/);
  });
});

describe.concurrent('the debug output', () => {
  test('debug output has headers and bodies, without secrets and personal data', async () => {
    const answer = { id: 501, cardHolderName: 'Ada Example', message: `for Ada Example, ${SECRET}` };
    const headers = { 'x-trace-id': 'abc123', 'set-cookie': 'session=hidden', 'x-echo': SECRET };
    const vendor = await Vendor.open(json(200, answer, headers));
    const lines: string[] = [];
    const client = vendor.client({ onDebug: (more) => lines.push(...more) });
    await client.send({
      method: 'POST',
      path: PATH,
      profileId: 1001,
      body: { cardHolderName: 'Ada Example' },
    });
    expect(lines).toEqual(
      expect.arrayContaining([
        `> POST ${vendor.url}${PATH}`,
        '> authorization: [redacted]',
        '> {"cardHolderName":"[redacted]"}',
        '< 200',
        '< x-trace-id: abc123',
        '< set-cookie: [redacted]',
        '< {"id":501,"cardHolderName":"[redacted]","message":"for [redacted], [redacted]"}',
      ]),
    );
    expect(lines.join('\n')).not.toMatch(/tok-4711|Ada|hidden/);
  });

  test('debug output has only the size of a body that is not JSON', async () => {
    const vendor = await Vendor.open(raw(502, '<html>Ada</html>'));
    const lines: string[] = [];
    await vendor
      .client({ onDebug: (more) => lines.push(...more) })
      .send({ method: 'PUT', path: PATH, profileId: 1 });
    expect(lines).toContain('< 16 bytes that are not JSON');
    expect(lines.join('\n')).not.toContain('Ada');
  });
});

describe.concurrent('the one-time token of an approval', () => {
  const ONE_TIME = 'one-time-4711-never-to-be-seen';
  const body = JSON.stringify({ message: `use ${ONE_TIME}`, code: ONE_TIME });
  const headers = {
    'x-2fa-approval': ONE_TIME,
    'x-2fa-approval-result': 'REJECTED',
    'x-trace-id': `trace-${ONE_TIME}`,
    'x-echo': ONE_TIME,
  };

  test('the one-time token of an approval is neither in the failure nor in debug output, wherever the response repeats it', async () => {
    const vendor = await Vendor.open(raw(403, body, headers));
    const lines: string[] = [];
    const note = (...more: string[]) => void lines.push(...more);
    const client = vendor.client({ onDebug: (more) => note(...more), onExchange: note });
    const failure = await client
      .read({ path: PATH, profileId: 1, schema: v.unknown() })
      .catch((error: unknown) => error);
    const sent = await client.send({ method: 'PUT', path: PATH, profileId: 1 });
    expect(failure).toMatchObject({ code: 'approval-required', exitCode: 5 });
    expect(JSON.stringify([failure, (failure as Failure).toDocument(), sent, lines])).not.toContain(ONE_TIME);
    expect(lines).toContain('< x-2fa-approval: [redacted]');
    expect(lines).toContain('< x-2fa-approval-result: REJECTED');
  });
});

describe.concurrent('an answer to a read', () => {
  test.for<[string, Answer, string, number]>([
    ['401', json(401, { error: 'invalid_token' }), 'credentials-refused', 3],
    ['403', json(403, {}), 'credentials-refused', 3],
    ['403 with an approval', raw(403, '', { 'x-2fa-approval-result': 'REJECTED' }), 'approval-required', 5],
    ['404', json(404, {}), 'not-found', 10],
    ['400', json(400, {}), 'rejected', 10],
    ['409', json(409, {}), 'rejected', 10],
    ['422', json(422, {}), 'rejected', 10],
    ['408', json(408, {}), 'api-failing', 7],
    ['429', json(429, {}), 'rate-limited', 7],
    ['500', json(500, {}), 'api-failing', 7],
    ['503', json(503, {}), 'api-failing', 7],
    ['599', json(599, {}), 'api-failing', 7],
    ['a redirect', raw(302, '', { location: 'https://login.example' }), 'answer-unreadable', 7],
    ['HTML', raw(200, '<html>'), 'answer-unreadable', 7],
    ['nothing', raw(200, ''), 'answer-unreadable', 7],
    ['something else', json(200, { good: 'perhaps' }), 'answer-unreadable', 7],
    ['a list', json(200, []), 'answer-unreadable', 7],
    ['half an answer', cut, 'unreachable', 7],
    ['a reset', reset, 'unreachable', 7],
    ['silence', silence, 'unreachable', 7],
  ])(
    'a read that is answered with %s fails with its own code',
    async ([, answer, code, exitCode], { expect }) => {
      const failure = await failureFrom(answer);
      expect(failure).toBeInstanceOf(Failure);
      expect(failure).toMatchObject({ code, exitCode });
      // Waits continue after an Outage only.
      expect(failure instanceof Outage).toBe(exitCode === 7);
      expect(failure.details?.correlationId).toMatch(/^[\da-f-]{36}$/);
    },
  );

  test('a response with status 201 is a success', async () => {
    const vendor = await Vendor.open(json(201, { good: true, more: 'that nobody knows' }));
    expect(await read(vendor.client())).toEqual({ good: true });
  });

  test.for<[string, unknown, string | undefined, string]>([
    ['OAuth', { error: 'invalid_grant', error_description: 'expired' }, 'invalid_grant', 'expired'],
    [
      'a list',
      { errors: [{ code: 'field.bad', message: 'is wrong', path: 'city', arguments: [] }] },
      'field.bad',
      'city: is wrong',
    ],
    [
      'Spring',
      { timestamp: 't', status: 400, error: 'Bad Request', message: 'no', path: '/v3' },
      'Bad Request',
      'no',
    ],
    ['plain', { code: 'card.limit', message: 'too many' }, 'card.limit', 'too many'],
    ['described', { code: 'x', category: 'c', description: 'why', details: {} }, 'x', 'why'],
    ['something else', ['?'], undefined, '400'],
    ['nothing', null, undefined, '400'],
  ])('is explained from any error body of Wise: %s', async ([, body, errorCode, message], { expect }) => {
    const failure = await failureFrom(json(400, body, { 'x-trace-id': 'abc123' }));
    expect(failure.message).toContain(message);
    expect(failure.details).toMatchObject({ httpStatus: 400, traceId: 'abc123' });
    expect(failure.details?.errorCode).toBe(errorCode);
  });

  test('the text of a response is shown without control characters and with limited length', async () => {
    const nasty = `\u001b[2J${'x'.repeat(100_000)}`;
    const { message, details } = await failureFrom(
      json(400, { code: nasty, message: nasty }, { 'x-trace-id': 'y'.repeat(5_000) }),
    );
    expect(JSON.stringify([message, details])).not.toContain('\\u001b[2J'.slice(0, 5) + '[');
    expect(message + (details?.errorCode ?? '')).not.toContain('\u001b');
    expect(JSON.stringify([message, details]).length).toBeLessThan(2_000);
  });

  test('the failure of a response has the time of Retry-After', async () => {
    expect(await failureFrom(json(429, {}, { 'retry-after': '7' }))).toMatchObject({
      retryAfter: 7_000,
      hint: expect.stringContaining('in 7s'),
    });
    expect(await failureFrom(json(503, {}, { 'retry-after': '7' }))).toMatchObject({ retryAfter: 7_000 });
    expect(await failureFrom(json(429, {}))).toMatchObject({ retryAfter: null });
  });
});

describe.concurrent('a read', () => {
  test('a read is retried automatically, unless its caller repeats it', async () => {
    const answers = inTurn(json(503, {}), json(200, { good: true }));
    const [patient, hasty] = [await Vendor.open(answers), await Vendor.open(answers)];
    expect(await read(patient.client(), {})).toEqual({ good: true });
    await expect(read(hasty.client(), { retry: false })).rejects.toMatchObject({ code: 'api-failing' });
    expect([patient.asked.length, hasty.asked.length]).toEqual([2, 1]);
  });

  test('a read that is interrupted throws the reason of the signal', async () => {
    const reason = new Failure('interrupted', 'm', { hint: 'h' });
    await expect(read(makeClient('http://127.0.0.1:1'), { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const controller = new AbortController();
    const vendor = await Vendor.open(() => controller.abort(reason));
    await expect(read(vendor.client(), { signal: controller.signal })).rejects.toBe(reason);
  });

  test('a read ends at its timeout', async () => {
    const vendor = await Vendor.open(silence);
    const started = performance.now();
    await expect(read(vendor.client(), { left: () => 100, retry: false })).rejects.toMatchObject({
      code: 'unreachable',
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

const at = (date: string, status = 200) => json(status, { good: true }, { date });

test("Wise's clock is the Date of its latest response with any status", async () => {
  const vendor = await Vendor.open(
    inTurn(
      at('Sun, 01 Mar 2026 12:00:00 GMT'),
      at('Sun, 01 Mar 2026 13:00:00 GMT', 404),
      at('not a date'),
      at('Sun, 01 Mar 2026 14:00:00 GMT', 503),
    ),
  );
  const client = vendor.client();
  expect(client.serverTime).toBeNull();
  const seen: (number | null)[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    await read(client).catch(() => undefined);
    seen.push(client.serverTime);
  }
  expect(seen).toEqual([12, 13, 13, 14].map((hour) => Date.UTC(2026, 2, 1, hour)));
});

describe.concurrent('a sent request', () => {
  test('a sent request returns its correlation id, with or without a response', async () => {
    const vendor = await Vendor.open(json(422, { a: 1 }));
    const request = { method: 'PUT', path: PATH, profileId: 1001 } as const;
    expect(await vendor.client().send(request, { correlationId: CORRELATION })).toMatchObject({
      kind: 'answered',
      httpStatus: 422,
      body: { a: 1 },
      correlationId: CORRELATION,
    });
    const nobody = await makeClient('http://127.0.0.1:1').send(request, { correlationId: CORRELATION });
    expect(nobody).toEqual({ kind: 'not-connected', reason: 'ECONNREFUSED', correlationId: CORRELATION });
    if (nobody.kind !== 'not-connected') throw new Error('unreachable');
    expect(unreachable(nobody)).toMatchObject({
      code: 'unreachable',
      exitCode: 7,
      details: { correlationId: CORRELATION },
    });
  });

  test('a sent request has the same failures as a read', () => {
    const answer = {
      kind: 'answered',
      body: undefined,
      date: null,
      traceId: null,
      retryAfter: null,
      correlationId: CORRELATION,
    } as const;
    expect(answerFailure({ ...answer, httpStatus: 403 })).toMatchObject({ code: 'credentials-refused' });
    expect(answerFailure({ ...answer, httpStatus: 307 })).toMatchObject({ code: 'answer-unreadable' });
  });
});

describe.concurrent('no secret', () => {
  const ANSWERS: [string, Answer][] = [
    ['401', json(401, { error: 'invalid_token' })],
    ['400', json(400, { message: 'no' })],
    ['404', json(404, {})],
    ['429', json(429, {})],
    ['503', json(503, {})],
    ['a redirect', raw(302, '', { location: '/x' })],
    ['HTML', raw(200, '<html>')],
    ['half an answer', cut],
    ['a reset', reset],
    ['silence', silence],
  ];

  test.for(ANSWERS)('no secret is in the error of a read: %s', async ([, answer], { expect }) => {
    const vendor = await Vendor.open(answer);
    const error: unknown = await read(vendor.client(), { retry: false, left: () => 200 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Failure);
    expect(everythingIn(error)).not.toContain(SECRET);
    expect(vendor.asked[0]?.headers.authorization).toContain(SECRET);
  });

  test.for(ANSWERS)('no secret is in the outcome of a sent request: %s', async ([, answer], { expect }) => {
    const vendor = await Vendor.open(answer);
    if (answer === silence) return expect(vendor.asked).toEqual([]);
    const sent = await vendor.client().send({ method: 'PUT', path: PATH, profileId: 1001, body: {} });
    expect(everythingIn(sent)).not.toContain(SECRET);
  });

  test('no secret is in the outcome without a connection, or for a token that is invalid in a header', async () => {
    const request = { method: 'PUT', path: PATH, profileId: 1001 } as const;
    const bad = makeClient('http://127.0.0.1:1', { token: async () => `${SECRET}\n` });
    for (const client of [makeClient('http://127.0.0.1:1'), makeClient('http://kioskctl.invalid'), bad]) {
      expect(everythingIn(await client.send(request).catch((error: unknown) => error))).not.toContain(SECRET);
      expect(everythingIn(await read(client).catch((error: unknown) => error))).not.toContain(SECRET);
    }
  });
});
