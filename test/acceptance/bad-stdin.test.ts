// What may be piped into a command, and what may not.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectComplaint, expectError, oneDocument, User } from '../harness/program.ts';
import { apart, CARD, OwnVendor, TOKEN } from './vendor.ts';

const user = new User();
let vendor: OwnVendor;
beforeAll(async () => {
  vendor = await OwnVendor.open();
});
afterAll(() => {
  vendor.close();
  user.leave();
});

/** Pipes text into a command, and gives back how it ended with what reached the vendor. @param how a process has a real pipe */
async function pipe(input: string, args: string, how: 'run' | 'spawn' = 'run') {
  return apart({}, async ({ user, vendor }) => {
    const ended = await user[how](`${args} --json --base-url ${vendor.url}`, { input });
    return { ended, received: vendor.received };
  });
}

const PRODUCE = 'produce - --kiosk WIS00001';
const document = (own: Record<string, unknown>) =>
  JSON.stringify({
    schemaVersion: 1,
    command: 'order',
    context: 'local',
    environment: 'local',
    exitCode: 0,
    ...own,
  });

interface EventOptions {
  type?: 'production' | 'order';
  profile?: string | number;
  order?: string | number;
}

/** An event body in the shape that the vendor documents, on one line. */
const event = ({ type = 'production', profile = '1001', order }: EventOptions = {}): string =>
  JSON.stringify({
    data: {
      resource: { type: 'card', profile_id: profile, client_id: 'a-bank', card_token: order ? null : TOKEN },
      ...(order !== undefined && { order_id: order, order_status: 'PRODUCED' }),
      occurred_at: '2026-01-05T10:00:00Z',
    },
    subscription_id: '01234567-89ab-cdef-0123-456789abcdef',
    event_type: `cards#card-${type}-status-change`,
    schema_version: '2.0.0',
    sent_at: '2026-01-05T10:00:01Z',
  });

describe.concurrent('standard input', () => {
  test('standard input is not read without -', async () => {
    const { ended, received } = await pipe(`${CARD}\n`, 'produce --kiosk WIS00001', 'spawn');
    expectError(ended, { code: 2, error: 'usage', message: /CARD/, hint: /standard input.* -/ });
    expect(received).toEqual([]);
  });

  test('standard input is left to the surrounding loop if the command names its card', async () => {
    const { stdout } = await user.shell(
      `printf '${CARD}\\n${CARD}\\n' | while read -r card; do kioskctl status $card --quiet --base-url ${vendor.url}; done`,
    );
    expect(stdout).toBe(`${CARD}\n${CARD}\n`);
  });

  test.each(['- ', ''])('and other cards together are a mistake (%s)', async (first) => {
    const { ended, received } = await pipe(
      `${CARD}\n`,
      `produce ${first}${CARD}${first ? '' : ' -'} --kiosk WIS00001`,
    );
    expectError(ended, { code: 2, error: 'usage', message: /\(-\)/ });
    expect(received).toEqual([]);
  });

  test.each([
    ['', 'empty'],
    [' \n\t\r\n ', 'blank'],
  ])('that is empty is a mistake (%j)', async (input) => {
    for (const args of [PRODUCE, 'status -']) {
      const { ended, received } = await pipe(input, args, 'spawn');
      expectError(ended, { code: 2, error: 'input-required', message: /empty/, hint: /pipe/i });
      expect(received).toEqual([]);
    }
  });

  test('a closed standard input counts as empty, and is ignored by commands that do not read it', async () => {
    const produce = await user.shell(`kioskctl ${PRODUCE} --json --base-url ${vendor.url} <&-`);
    expectError(produce, { code: 2, error: 'input-required', message: /empty/ });
    const cancel = await user.shell(`kioskctl cancel - --yes --base-url ${vendor.url} <&-`);
    expectComplaint(cancel, { code: 2, message: /empty/, hint: /pipe/i });
    const named = await user.shell(`kioskctl status ${CARD} --quiet --base-url ${vendor.url} <&-`);
    expect(named).toMatchObject({ code: 0, stdout: `${CARD}\n` });
  });

  test('a folder as standard input is an error, not a crash', async () => {
    const ended = await user.shell(`kioskctl ${PRODUCE} --json --base-url ${vendor.url} < /`);
    expectError(ended, { code: 2, error: 'input-required', message: /standard input/i });
  });
});

describe.concurrent('a failure that is piped on', () => {
  const error = { code: 'unreachable', message: 'The API could not be reached.', hint: 'Check the network.' };
  test.each([PRODUCE, 'cancel - --yes', 'wait-ready -', 'status -'])(
    'a failure that is piped into “%s” ends it with the same exit code',
    async (args) => {
      const { ended, received } = await pipe(document({ exitCode: 7, error }), args);
      expectError(ended, { code: 7, error: 'unreachable', message: /reached/, hint: /network/ });
      expect(received).toEqual([]);
    },
  );

  test('a failure passes through a whole pipe, and determines the last exit code', async () => {
    const { code, json } = await user.shell(`
      kioskctl order --country GBR --json |
        kioskctl wait-ready - --json |
        kioskctl produce - --kiosk WIS00001 --json`);
    expect(code).toBe(10);
    expect(json).toMatchObject({ command: 'produce', exitCode: 10, error: { code: 'address-rejected' } });
  });

  test('a piped failure of one card keeps its card, error and exit code', async () => {
    const failed = document({
      exitCode: 75,
      card: { profileId: 1001, orderId: 501, cardToken: TOKEN },
      error,
    });
    const { ended, received } = await pipe(failed, PRODUCE);
    expectError(ended, { code: 75, error: 'unreachable' });
    expect(ended.json.card).toMatchObject({ profileId: 1001, orderId: 501, cardToken: TOKEN });
    expect(received).toEqual([]);
  });

  test('a failed card in a piped list is skipped with its exit code, and the others continue', async () => {
    const list = document({
      exitCode: 7,
      cards: [
        { profileId: 1001, orderId: 502, cardToken: null, outcome: 'failed', exitCode: 7, error },
        { profileId: 1001, orderId: 503, cardToken: null, outcome: 'not-started', exitCode: null },
        { profileId: 1001, orderId: 501, cardToken: TOKEN, outcome: 'done', exitCode: 0 },
      ],
    });
    const { ended, received } = await pipe(list, PRODUCE);
    expect(ended.code).toBe(7);
    const { cards, summary } = oneDocument(ended);
    expect(cards).toMatchObject([
      { orderId: 502, outcome: 'skipped', exitCode: 7, error: { code: 'unreachable' } },
      { orderId: 503, outcome: 'skipped', exitCode: 7 },
      { orderId: 501, outcome: 'done', exitCode: 0, changed: true },
    ]);
    expect(summary).toEqual({ total: 3, skipped: 2, done: 1 });
    expect(received.filter(({ line }) => /50[23]/.test(line))).toEqual([]);
    expect(received.filter(({ endpoint }) => endpoint === 'produce')).toHaveLength(1);
  });

  test('an error in piped output of status does not skip the card', async () => {
    const read = document({
      command: 'status',
      exitCode: 7,
      card: { profileId: 1001, orderId: 501, cardToken: TOKEN },
      error,
    });
    const { ended, received } = await pipe(read, PRODUCE);
    expect(oneDocument(ended)).toMatchObject({ exitCode: 0, changed: true });
    expect(received.filter(({ endpoint }) => endpoint === 'produce')).toHaveLength(1);
  });
});

describe.concurrent('a document that is piped in', () => {
  const card = { profileId: 1001, orderId: 501, cardToken: TOKEN };

  test.each(['sandbox', 'production'])('of environment %s is refused', async (environment) => {
    const { ended, received } = await pipe(document({ environment, card }), PRODUCE);
    expectError(ended, {
      code: 2,
      error: 'environment-mismatch',
      message: RegExp(environment),
      hint: /local/,
    });
    expect(received).toEqual([]);
  });

  test('piped cards of another profile than --profile-id are rejected', async () => {
    const { ended, received } = await pipe(document({ card }), `${PRODUCE} --profile-id 1002`);
    expectError(ended, { code: 2, error: 'profile-mismatch', message: /1001/, hint: /--profile-id/ });
    expect(received).toEqual([]);
  });

  test.each([PRODUCE, 'cancel -', 'status -'])('without cards leaves “%s” nothing to do', async (args) => {
    const { ended, received } = await pipe(document({ cards: [] }), args);
    expect(ended.code).toBe(0);
    expect(oneDocument(ended)).toMatchObject({ cards: [], summary: { total: 0 } });
    expect(received).toEqual([]);
  });

  test('an empty piped list does not make status report an empty journal', async () => {
    const other = new User();
    await other.run('order');
    const { stdout } = await other.run('status -', { input: document({ cards: [] }) });
    other.leave();
    expect(stdout).not.toContain('The journal has no cards');
  });

  test.each<[string, string, RegExp]>([
    ['cut short', document({ card }).slice(0, -20), /JSON/],
    ['of somebody else', '{"items":[{"name":"pod"}]}', /neither/],
    ['of a later schema', document({ schemaVersion: 2, card }), /neither|newer|version/],
    ['a list of numbers', '[7]', /neither/],
    ['with a card that has no name', document({ card: { profileId: 1001 } }), /no card/],
    ['with a token that is none', document({ card: { profileId: 1001, cardToken: '../x' } }), /not a card/],
    ['with a line that is none', `${document({ card })}\nnonsense\n`, /Line 2/],
    ['in UTF-16', Buffer.from(CARD, 'utf16le').toString('latin1'), /UTF-16/],
  ])('and is %s is refused', async (_what, input, message) => {
    const { ended, received } = await pipe(input, PRODUCE);
    expect(ended.code).toBe(2);
    const { error } = oneDocument(ended);
    expect(['invalid-input', 'invalid-reference']).toContain(error.code);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/\S/);
    expect(received).toEqual([]);
  });
});

describe.concurrent('references, one a line', () => {
  test('piped references may have Windows line ends, blank lines, spaces and a byte order mark', async () => {
    const { ended } = await pipe(`\uFEFF${CARD}\r\n\r\n  501 \r\n`, 'status -', 'spawn');
    expect(ended.code, ended.stdout).toBe(0);
    expect(oneDocument(ended).cards).toMatchObject([{ cardToken: TOKEN }, { orderId: 501 }]);
  });

  test('all piped references are validated before the first is used', async () => {
    const { ended, received } = await pipe(`${CARD}\nnonsense\n`, PRODUCE, 'spawn');
    expectError(ended, { code: 2, error: 'invalid-reference', message: /nonsense/ });
    expect(received).toEqual([]);
  });
});

describe.concurrent("the vendor's event bodies", () => {
  test.each<[string, string, number]>([
    ['one production event', event(), 1],
    ['printed over many lines', JSON.stringify(JSON.parse(event()), null, 2), 1],
    ['of an order, as “501L”', event({ type: 'order', order: '501L' }), 1],
    ['two of them, a line each', `${event()}\n${event({ type: 'order', order: '501L' })}\n`, 2],
    ['a test event', event({ profile: 0 }), 0],
    ['a test event beside another', `${event({ profile: '0' })}\n${event()}\n`, 1],
  ])('event bodies are accepted on standard input: %s', async (_what, input, count) => {
    const { ended } = await pipe(input, 'status -');
    expect(ended.code, ended.stdout).toBe(0);
    const { cards } = oneDocument(ended);
    expect(cards).toHaveLength(count);
    for (const card of cards) expect(card).toMatchObject({ profileId: 1001, orderId: 501, cardToken: TOKEN });
  });

  test('cards of piped webhook bodies can be produced', async () => {
    const { ended, received } = await pipe(event(), PRODUCE);
    expect(oneDocument(ended)).toMatchObject({ exitCode: 0, cards: [{ outcome: 'done', changed: true }] });
    expect(received.filter(({ endpoint }) => endpoint === 'produce')).toHaveLength(1);
  });
});
