// Mistakes on the command line: each ends with 2, says what to do, and nothing leaves this machine.
import { afterAll, describe, expect, test } from 'vitest';
import { expectComplaint, expectError, User } from '../harness/program.ts';
import { apart, CARD, TOKEN } from './vendor.ts';

const user = new User();
afterAll(() => user.leave());

interface Mistake {
  title: string;
  args: string[];
  error: string;
  message: RegExp;
  hint: RegExp;
}

/** Runs a command with a mistake in it, and sees that no request was made. */
async function expectMistake(
  { args, ...expected }: Omit<Mistake, 'title'>,
  flags = ['--json'],
): Promise<void> {
  await apart({}, async ({ user, vendor }) => {
    const [command = '', ...rest] = args;
    const ended = await user.run([command, ...rest, '--base-url', vendor.url, ...flags]);
    if (flags.includes('--json')) expectError(ended, { code: 2, ...expected });
    else expectComplaint(ended, { code: 2, ...expected });
    expect(vendor.received).toEqual([]);
  });
}

function mistake(
  error: string,
  args: string | string[],
  [message, hint = /\S/]: [message: RegExp, hint?: RegExp],
): Mistake {
  const list = typeof args === 'string' ? args.split(' ') : args;
  const title = list
    .map((word) => (/^[\w./=:-]+$/.test(word) ? word.slice(0, 50) : JSON.stringify(word)))
    .join(' ');
  return { title, args: list, error, message, hint };
}

const usage = (args: string | string[], message: RegExp, hint?: RegExp) =>
  mistake('usage', args, hint ? [message, hint] : [message]);
const unknown = (args: string, message: RegExp, hint: RegExp) =>
  mistake('unknown-command', args, [message, hint]);
const reference = (args: string | string[], message: RegExp, hint = /card token|1 to 9007199254740991/) =>
  mistake('invalid-reference', args, [message, hint]);

describe.concurrent('a command line that is wrong', () => {
  const mistakes = [
    usage('produce --kiosk WIS00001', /CARD/, /pass -/),
    usage(['produce', CARD, '--kiosk', 'a b'], /--kiosk: “a b” is not a kiosk id/, /WIS00001/),
    usage(['produce', CARD, '--kiosk', ''], /--kiosk is empty/),
    usage(`produce ${CARD} --kiosl WIS00001`, /--kiosl/, /--kiosk/),
    usage(`wait-ready ${CARD} --timout 5m`, /--timout/, /--timeout/),
    usage(`status ${CARD} -x`, /-x/, /status --help/),
    usage(`wait-ready ${CARD} --timeout`, /--timeout/, /wait-ready --help/),
    usage('explain PRD_HOPER_DOOR', /PRD_HOPER_DOOR/, /PRD_HOPPER_DOOR/),
    usage(`wait-produced ${CARD} --after yesterday`, /yesterday/, /\d{4}-\d\d-\d\dT/),
    usage('order --replaces 501', /reason/, /--replacement-reason/),
    usage(['order', '--idempotency-key', ''], /idempotency key/i, /1 to 255/),
    usage('simulate --status PRODUCED', /Cards/, /--profile-verified/),
    usage(`simulate ${CARD} --status PRODUCED --error-code PRD_HOPPER_DOOR`, /PRODUCTION_ERROR/),
    usage(
      `simulate ${CARD} --status PRODUCTION_ERROR --error-code PRD_HOPER_DOOR`,
      /HOPER/,
      /PRD_HOPPER_DOOR/,
    ),
    usage(`produce ${CARD} --kiosk W --simulate PRODUCTION_ERROR:KIOSK_ID_NOT_FOUND`, /KIOSK_ID/, /explain/),
    usage(
      'sandbox fault --status 500 --times many',
      /--times: “many” is not a number from 1/,
      /Use a number/,
    ),
    usage(
      'kiosk hold',
      /KIOSK/,
      /^See kioskctl kiosk hold --help\. kioskctl kiosk list shows the kiosks and their failures\.$/,
    ),
    usage(['kiosk', 'recover', 'WIS 1'], /“WIS 1” is not a kiosk id/, /one word/),
    usage(['events', 'list', '--kiosk', 'a b'], /“a b” is not a kiosk id/, /one word/),
    usage(['events', 'tail', '--kiosk', 'x'.repeat(101)], /is not a kiosk id/, /one word/),
    usage(['log', '--kiosk', 'a b'], /“a b” is not a kiosk id/, /one word/),
    usage(['incident', '--kiosk', 'a b'], /“a b” is not a kiosk id/, /one word/),
    usage(['listen', '--filter', 'kiosk=a b'], /“a b” is not a kiosk id/, /one word/),
    usage(
      ['context', 'add', 'lab', '--environment', 'sandbox', '--kiosks', 'A1,a b'],
      /“a b” is not a kiosk id/,
    ),
    usage(
      ['sandbox', 'fault', '--kiosk', 'a b', '--outcome', 'PRODUCED'],
      /“a b” is not a kiosk id/,
      /one word/,
    ),
    usage(`retry ${CARD} --kiosk WIS00002`, /--kiosk/, /--to-kiosk WIS00002/),
    usage('status --environment produktion', /produktion/, /production/),
    usage('status --context nowhere', /nowhere/, /local, sandbox, production/),
    usage('status --context sandbox --environment production', /sandbox/, /context|environment/),
    unknown('prodce 501', /prodce/, /kioskctl produce/),
    unknown('wait-redy 501', /wait-redy/, /wait-ready/),
    unknown('frobnicate', /frobnicate/, /--help/),
    usage('sandbox rest', /rest/, /sandbox reset/),
  ];
  test.each(mistakes)('$title', async (mistake) => expectMistake(mistake));

  test.each(mistakes.filter(({ args }) => /prodce|--kiosl W|HOPER_DOOR$/.test(args.join(' '))))(
    '$title, in text output',
    async (mistake) => expectMistake(mistake, []),
  );

  test('global flags may precede the command', async () => {
    const { code, json } = await user.run('--context local --json orders');
    expect([code, json.command]).toEqual([0, 'orders']);
  });

  test('--json without a command, and help for an unknown command, are errors in JSON as well', async () => {
    expectError(await user.run('--json'), { code: 2, error: 'unknown-command', hint: /--help/ });
    expectError(await user.run('help prodce --json'), { code: 2, error: 'unknown-command', hint: /produce/ });
  });
});

describe.concurrent('an empty value, as a script makes it of a variable that is not set', () => {
  test.each([
    usage(['produce', CARD, '--kiosk', ''], /--kiosk/),
    usage(['retry', CARD, '--to-kiosk', ''], /--to-kiosk/),
    usage(['status', CARD, '--profile-id', ''], /--profile-id/),
    usage(['status', CARD, '--environment', ''], /environment/),
    usage(['status', CARD, '--context', ''], /context/),
    reference(['status', ''], /is not a card/),
  ])('$title', async (mistake) => expectMistake(mistake));

  test('an empty --program orders nothing', async () => {
    await apart({}, async ({ user, vendor }) => {
      const ended = await user.run(['order', '--program', '', '--json', '--base-url', vendor.url]);
      expectError(ended, { code: 2, error: 'usage', message: /program/ });
      expect(vendor.acts).toEqual([]);
    });
  });
});

describe.concurrent('a reference that names no card', () => {
  const produce = (text: string, message: RegExp) =>
    reference(['produce', text, '--kiosk', 'WIS00001'], message);
  test.each([
    produce('nonsense', /nonsense/),
    produce('1e3', /1e3/),
    produce(TOKEN.slice(1), /is not a card/),
    produce('0', /0/),
    produce('0/501', /profile id/),
    produce('9007199254740992', /9007199254740992/),
    produce('9'.repeat(400), /999/),
    produce('٣', /٣/),
    produce('50\u001b[31m1', /u001b/),
    reference(`produce ${CARD} 502 nonsense --kiosk WIS00001`, /nonsense/),
    ...['-5', '9007199254740992'].map((id) => reference(['programs', '--profile-id', id], /profile id/)),
    reference('order --cardholder-profile-id -1', /-1/),
  ])('$title', async (mistake) => expectMistake(mistake));

  test('a negative order id after -- is no flag', async () => {
    const ended = await user.run('wait-ready --json -- -5');
    expectError(ended, { code: 2, error: 'invalid-reference', message: /-5/ });
  });

  test('the message for an invalid order id says “an order id”', async () => {
    const { json } = await user.run('status 0 --json');
    expect(`${json.error.message} ${json.error.hint}`).not.toMatch(/\ba order/i);
  });
});

describe.concurrent('a duration that is none', () => {
  test.each([
    ...['5', '-1m', '1h30', '9999999999d'].map((text) =>
      usage(['wait-ready', CARD, '--timeout', text], /duration/, /90s/),
    ),
    usage(['wait-ready', CARD, '--interval', '5'], /duration/, /90s/),
    usage(['wait-ready', CARD, '--timeout', ''], /--timeout is empty/),
    usage('sandbox advance 1h30', /1h30/, /61d/),
  ])('$title', async (mistake) => expectMistake(mistake));

  test('an invalid duration is reported with the name of its flag', async () => {
    const { json } = await user.run(`wait-ready ${CARD} --timeout 5m --interval 1h30 --json`);
    expect(`${json.error.message} ${json.error.hint}`).toContain('--interval');
  });
});

describe('a card of another profile', () => {
  test('a --profile-id that contradicts the reference ends with 2', async () => {
    await expectMistake({
      args: ['produce', CARD, '--kiosk', 'WIS00001', '--profile-id', '1002'],
      error: 'profile-mismatch',
      message: /1001/,
      hint: /--profile-id/,
    });
  });

  test('a --profile-id that contradicts the journal ends with 2, and an order of another profile ends with 10', async () => {
    const { json } = await user.run('order --json');
    const { orderId } = json.card;
    const contradicted = await user.run(`cancel ${orderId} --profile-id 1002 --yes --json`);
    expectError(contradicted, { code: 2, error: 'profile-mismatch', message: /1001/, hint: /--profile-id/ });
    const foreign = await user.run(`cancel 1002/${orderId} --yes --json`);
    expectError(foreign, { code: 10, error: 'not-found', hint: /profile/ });
    expect(foreign.json.card).toMatchObject({ profileId: 1002, orderStatus: null });
    const own = await user.run(`status ${orderId} --json`);
    expect(own.json.card.orderStatus).not.toBe('CANCELLED');
  });
});
