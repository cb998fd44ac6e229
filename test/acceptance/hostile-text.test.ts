// Text from the API that would move a cursor or hide what stands beside it, and secrets that come back in answers.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectClean, SECRET } from '../harness/program.ts';
import {
  type Answerer,
  apart,
  CARD,
  type Endpoint,
  HEALTHY_CARD,
  IN_PROGRESS,
  json,
  ORDER,
  READY,
  raw,
} from './vendor.ts';

type Answers = Partial<Record<Endpoint, Answerer>>;

const ENV = { KIOSKCTL_TOKEN: SECRET, KIOSKCTL_PROFILE_ID: '1001', KIOSKCTL_SETTLE: '200ms' };

/** Clears the screen, sets the title, rings, goes back, writes over; C1 forms of the same; reverses; ends the line. */
const EVIL =
  'x\u001b[2J\u001b]0;owned\u0007\b\r\u009b31m\u009d0;owned\u009c\u202eevil\u2066\u2028\u0085\nError: fake\u007f';

async function run(answers: Answers, args: string[]) {
  return apart(answers, async ({ user, vendor }) =>
    user.run([...args, '--context', 'sandbox', '--base-url', vendor.url], { env: ENV }),
  );
}

const words = (text: string) => text.split(' ');
const failed = json({
  ...IN_PROGRESS,
  status: 'PRODUCTION_ERROR',
  errorCode: EVIL,
  kioskId: EVIL,
  description: EVIL,
});
const refused = json(
  { ...READY, status: 'REQUEST_ERROR', errorCode: EVIL, kioskId: EVIL, description: EVIL },
  422,
);
const evilOrder = {
  ...ORDER,
  status: EVIL,
  deliveryDetails: { deliveryOption: EVIL },
  cardProgram: { name: EVIL, cardType: 'PHYSICAL' },
  creationTime: EVIL,
  cardHolderName: EVIL,
};
const placed = { ...ORDER, status: 'PLACED', cardToken: null };
const addressed = 'order --cardholder Ada --first-line Street --city York --post-code Y1 --country GB';

const SCENES: [what: string, answers: Answers, args: string[]][] = [
  ['a failed production', { production: failed }, words(`status ${CARD} --history`)],
  ['a failed production that is waited for', { production: failed }, words(`wait-produced ${CARD}`)],
  [
    'a failed production that is retried',
    { production: failed },
    words(`retry ${CARD} --yes --interval 50ms`),
  ],
  [
    'a production in progress since then',
    { production: json({ ...IN_PROGRESS, occurredAt: EVIL, kioskId: EVIL }) },
    words(`status ${CARD}`),
  ],
  ['a refused request', { produce: refused }, words(`produce ${CARD} --kiosk WIS00001 --interval 50ms`)],
  ['an order', { 'one order': json(evilOrder) }, words(`status ${CARD}`)],
  ['orders', { orders: json({ totalCount: 1, cardOrders: [evilOrder] }) }, ['orders']],
  [
    'a card token of an order',
    { 'one order': json({ ...ORDER, cardToken: EVIL }) },
    words('status 1001/501'),
  ],
  [
    'card tokens of orders, quietly',
    { orders: json({ totalCount: 1, cardOrders: [{ ...ORDER, cardToken: EVIL }] }) },
    words('orders --quiet'),
  ],
  [
    'cards',
    {
      cards: json({
        totalCount: 1,
        cards: [{ ...HEALTHY_CARD, token: EVIL, status: { value: EVIL }, creationTime: EVIL }],
      }),
    },
    ['cards'],
  ],
  [
    'cards, quietly',
    { cards: json({ totalCount: 1, cards: [{ ...HEALTHY_CARD, token: EVIL }] }) },
    words('cards --quiet'),
  ],
  [
    'programs',
    { programs: json({ cardPrograms: [{ name: EVIL, cardType: EVIL, scheme: EVIL }] }) },
    ['programs'],
  ],
  [
    'programs, quietly',
    { programs: json({ cardPrograms: [{ name: EVIL, cardType: EVIL }] }) },
    words('programs --quiet'),
  ],
  [
    'programs to choose from',
    { programs: json({ cardPrograms: [1, 2].map((n) => ({ name: `${EVIL}${n}`, cardType: 'PHYSICAL' })) }) },
    words(addressed),
  ],
  [
    'programs instead of a wrong one',
    { programs: json({ cardPrograms: [{ name: EVIL, cardType: 'PHYSICAL' }] }) },
    words(`${addressed} --program P`),
  ],
  [
    'requirements',
    { 'one order': json(placed), requirements: json({ requirements: [{ type: EVIL, status: EVIL }] }) },
    words('wait-ready 1001/501 --timeout 0'),
  ],
  [
    'what is wrong with an address',
    { address: json({ errors: [{ field: EVIL, message: EVIL }] }) },
    words(addressed),
  ],
  [
    'the message of a refusal',
    { 'one order': json({ code: EVIL, message: EVIL }, 400) },
    words(`status ${CARD}`),
  ],
  [
    'the messages of a refusal',
    { order: json({ errors: [{ code: EVIL, message: EVIL, path: EVIL }] }, 422) },
    words(addressed),
  ],
  [
    'an order that is copied',
    { 'one order': json(evilOrder) },
    words(`order --like ${CARD} --program PHYSICAL_PROGRAM --dry-run`),
  ],
  [
    'a header, told verbosely',
    {
      orders: json({ totalCount: 0, cardOrders: [] }, 200, {
        'x-trace-id': Buffer.from('t\u009b31m\u0085').toString('latin1'),
      }),
    },
    words('orders --verbose'),
  ],
  [
    'the path of a request, told verbosely',
    { 'one order': json({ ...ORDER, cardToken: EVIL }) },
    words('status 1001/501 --verbose'),
  ],
];

describe.concurrent('control characters never reach a person from', () => {
  test.each(SCENES)('no control character reaches a terminal from %s', async (_what, answers, args) => {
    const ended = await run(answers, args);
    expect(ended.code).not.toBe(1);
    expectClean(ended);
    expect(`\n${ended.stdout}${ended.stderr}`).not.toContain('\nError: fake');
  });

  test.each(SCENES.filter((_, index) => index % 6 === 0))(
    '%s, and JSON stays one document',
    async (_what, answers, args) => {
      if (args.includes('--quiet')) return;
      const ended = await run(answers, [...args, '--json']);
      expect(ended.stdout).toMatch(/^\{.*\}\n$/);
      expect(ended.json).toMatchObject({ exitCode: ended.code });
    },
  );

  test("no control character of the user's input reaches a terminal", async () => {
    for (const args of [
      ['status', EVIL],
      ['explain', EVIL],
      [EVIL],
      ['status', `--${EVIL}`],
      ['order', '--from', EVIL],
      ['status', '--context', EVIL],
      ['status', '--timeout', EVIL],
      ['sandbox', '--port', EVIL],
    ]) {
      const ended = await run({}, args);
      expect(ended.code, JSON.stringify(args)).toBe(2);
      expectClean(ended);
    }
  });
});

/** Sends the header with the token back, as gateways do on their error pages. */
const echo: Answerer = (response, request) => {
  response.writeHead(400, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ code: 'NOT_ALLOWED', message: `Not allowed: ${request.headers.authorization}` }),
  );
};

describe.concurrent('the access token is never shown, though the API sends it back', () => {
  const scenes: [what: string, answers: Answers, args: string][] = [
    ['in the message of a refusal', { 'one order': echo }, `status ${CARD}`],
    ['in the message of a refused order', { order: echo }, addressed],
    ['in the error of a list', { orders: echo }, 'orders'],
    ['in HTML', { orders: raw(`<html>Authorization: Bearer ${SECRET}</html>`, 502) }, `orders --verbose`],
    [
      'in a description',
      { production: json({ ...IN_PROGRESS, status: 'PRODUCTION_ERROR', description: `Bearer ${SECRET}` }) },
      `status ${CARD}`,
    ],
    ['in an address error', { address: json({ errors: [{ field: 'city', message: SECRET }] }) }, addressed],
  ];
  test.each(scenes)(
    'the access token is not shown when the API returns it: %s',
    async (_what, answers, args) => {
      for (const format of [['--json'], []]) {
        const ended = await run(answers, [...words(args), ...format]);
        expect(ended.code).not.toBe(1);
        expect(ended.stdout).not.toContain(SECRET);
        expect(ended.stderr).not.toContain(SECRET);
      }
    },
  );

  test('the access token is not stored in the journal', async () => {
    const refusal = {
      ...READY,
      status: 'REQUEST_ERROR',
      errorCode: 'INVALID_FIELD_VALUE',
      description: `Bearer ${SECRET}`,
    };
    await apart({ produce: json(refusal, 422) }, async ({ user, vendor }) => {
      const args = `produce ${CARD} --kiosk WIS00001 --interval 50ms --context sandbox --base-url ${vendor.url}`;
      await user.run(args, { env: ENV });
      expect(vendor.count('produce')).toBe(1);
      const files = readdirSync(user.home).filter((name) => name.includes('.db'));
      const stored = files.map((name) => readFileSync(join(user.home, name), 'latin1')).join('\n');
      expect(stored).toContain('WIS00001');
      expect(stored).not.toContain(SECRET);
    });
  });
});
