// Every documented exit code that a command can give, with and without --json. 1 would be a bug; 130 and 143 are in
// interrupted.test.ts for every command that waits.
import { describe, expect, test } from 'vitest';
import { expectClean, oneDocument } from '../harness/program.ts';
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
  type OwnVendor,
  READY,
  raw,
} from './vendor.ts';

interface Scene {
  code: number;
  args: string;
  because: string;
  answers?: Partial<Record<Endpoint, Answerer>>;
  /** For what depends on what was asked before. */
  stage?: (vendor: OwnVendor) => void;
  /** A command that is run before, in the same home. */
  before?: string;
  settle?: string;
}

const LOCAL = '--context local --base-url URL';
const QUICK = '--interval 200ms';
/** On a busy machine, half a second can pass before the first answer. */
const BRIEFLY = '--timeout 3s';
const WAIT = `${QUICK} ${BRIEFLY}`;
const PRODUCTION = '--environment production --base-url URL';
const ADDRESS = '--cardholder Ada --first-line Street --city York --post-code Y1 --country GB';

const order = (fields: Record<string, unknown>): Answerer => json({ ...ORDER, ...fields });
const failed = (errorCode: string): Answerer =>
  json({ ...IN_PROGRESS, status: 'PRODUCTION_ERROR', errorCode, occurredAt: '2026-01-05T12:00:00.000Z' });
const refused = (errorCode: string): Answerer =>
  json({ ...READY, status: 'REQUEST_ERROR', errorCode, kioskId: 'WIS00001' }, 422);
const produced = json({ ...IN_PROGRESS, status: 'PRODUCED', occurredAt: '2026-01-05T12:00:00.000Z' });
const inProgress = json(IN_PROGRESS);
const cancelled = order({ status: 'CANCELLED' });
const returned = order({ status: 'RETURNED' });
const placed = order({ status: 'PLACED', cardToken: null });
const expired = json({ ...HEALTHY_CARD, creationTime: '2020-01-01T00:00:00.000Z' });
const verificationFailed = json({ requirements: [{ type: 'VERIFICATION', status: 'FAILED' }] });
const broken: Answerer = (response) => response.destroy();
const down = json({}, 404);
const unauthorized = json({}, 401);

/** Once the card was sent (or simulated), its production reads so. */
const after =
  (endpoint: Endpoint, answer: Answerer, production: Answerer) =>
  (vendor: OwnVendor): void =>
    vendor.set({
      [endpoint]: ((response, request) => {
        vendor.set({ production });
        return answer(response, request);
      }) satisfies Answerer,
    });

const PRODUCE = `produce ${CARD} --kiosk WIS00001 ${QUICK}`;
const RETRY = `retry ${CARD} --yes ${QUICK}`;
const ORDER_IT = `order ${ADDRESS} ${QUICK}`;
const lost = after('produce', broken, json({}, 500));

const SCENES: Scene[] = [
  { code: 0, args: `${ORDER_IT} --wait`, because: 'its card is ready' },
  { code: 2, args: `${ORDER_IT} --embossed-name ABCDEFGHIJKLMNOPQRSTUVW`, because: 'of its name' },
  { code: 3, args: ORDER_IT, because: 'of its token', answers: { order: unauthorized } },
  {
    code: 5,
    args: `${ORDER_IT} --wait`,
    because: 'a requirement failed',
    answers: { 'one order': placed, requirements: verificationFailed },
  },
  { code: 6, args: `${ORDER_IT} --wait`, because: 'it was cancelled', answers: { 'one order': cancelled } },
  {
    code: 7,
    args: `${ORDER_IT} ${BRIEFLY}`,
    because: 'of the limit of requests',
    answers: { order: json({}, 429) },
  },
  {
    code: 8,
    args: `${ORDER_IT} ${BRIEFLY}`,
    because: 'its answer stays lost',
    answers: { order: broken },
  },
  { code: 9, args: `order ${ADDRESS} ${PRODUCTION}`, because: 'it is not confirmed' },
  {
    code: 10,
    args: ORDER_IT,
    because: 'of its address',
    answers: { address: json({ errors: [{ field: 'city', message: 'no' }] }) },
  },
  {
    code: 10,
    args: ORDER_IT,
    because: 'of the limit of cards',
    answers: { programs: json({ cardPrograms: [] }) },
  },
  {
    code: 75,
    args: `${ORDER_IT} --wait ${BRIEFLY}`,
    because: 'it stays placed',
    answers: { 'one order': placed },
  },

  { code: 0, args: `wait-ready ${CARD}`, because: 'it is ready' },
  { code: 2, args: 'wait-ready nonsense', because: 'it is no card' },
  { code: 3, args: `wait-ready ${CARD}`, because: 'of its token', answers: { production: unauthorized } },
  {
    code: 5,
    args: 'wait-ready 1001/501',
    because: 'a requirement failed',
    answers: { 'one order': placed, requirements: verificationFailed },
  },
  { code: 6, args: `wait-ready ${CARD}`, because: 'it was returned', answers: { 'one order': returned } },
  {
    code: 9,
    args: `wait-ready ${CARD}`,
    because: 'it comes by post',
    answers: { 'one order': order({ deliveryDetails: { deliveryOption: 'POSTAL_SERVICE_STANDARD' } }) },
  },
  { code: 10, args: `wait-ready ${CARD}`, because: 'nobody knows it', answers: { 'one order': down } },
  {
    code: 75,
    args: `wait-ready 1001/501 ${WAIT}`,
    because: 'it stays placed',
    answers: { 'one order': placed },
  },

  { code: 0, args: PRODUCE, because: 'it is produced already', answers: { production: produced } },
  {
    code: 0,
    args: `${PRODUCE} --wait`,
    because: 'it was produced',
    stage: after('produce', inProgress, produced),
  },
  { code: 2, args: `produce ${CARD}`, because: 'nobody can be asked for the kiosk' },
  { code: 3, args: PRODUCE, because: 'of its token', answers: { produce: unauthorized } },
  {
    code: 4,
    args: `${PRODUCE} --wait`,
    because: 'of its door',
    stage: after('produce', inProgress, failed('PRD_HOPPER_DOOR')),
  },
  {
    code: 5,
    args: `${PRODUCE} --wait`,
    because: 'of its server',
    stage: after('produce', inProgress, failed('CB_NOT_AVAILABLE')),
  },
  {
    code: 5,
    args: PRODUCE,
    because: 'of its characters',
    answers: { produce: refused('CHARSET_NOT_SUPPORTED') },
  },
  { code: 6, args: PRODUCE, because: 'it is over 60 days old', answers: { 'one card': expired } },
  { code: 7, args: PRODUCE, because: 'Wise showed no sign of it', answers: { produce: broken } },
  { code: 8, args: `${PRODUCE} ${BRIEFLY}`, because: 'nobody can tell', stage: lost },
  { code: 9, args: PRODUCE, because: 'it failed before', answers: { production: failed('PRD_HOPPER_DOOR') } },
  {
    code: 9,
    args: PRODUCE,
    because: 'it is in another kiosk',
    answers: { production: json({ ...IN_PROGRESS, kioskId: 'WIS00002' }) },
  },
  {
    code: 9,
    args: `produce 1001/501 --kiosk WIS00001`,
    because: 'there is no card yet',
    answers: { 'one order': placed },
  },
  { code: 10, args: PRODUCE, because: 'nobody knows it', answers: { 'one order': down } },
  {
    code: 75,
    args: `${PRODUCE} --wait ${BRIEFLY}`,
    because: 'it stays in progress',
    stage: after('produce', inProgress, inProgress),
  },

  { code: 0, args: `wait-produced ${CARD}`, because: 'it is produced', answers: { production: produced } },
  { code: 2, args: `wait-produced ${CARD} --after noon`, because: 'of its time' },
  { code: 3, args: `wait-produced ${CARD}`, because: 'of its token', answers: { production: unauthorized } },
  {
    code: 4,
    args: `wait-produced ${CARD}`,
    because: 'of its door',
    answers: { production: failed('PRD_HOPPER_DOOR') },
  },
  {
    code: 5,
    args: `wait-produced ${CARD}`,
    because: 'of its server',
    answers: { production: failed('CB_NOT_AVAILABLE') },
  },
  {
    code: 6,
    args: `wait-produced ${CARD}`,
    because: 'it was cancelled',
    answers: { 'one order': cancelled },
  },
  { code: 9, args: `wait-produced ${CARD}`, because: 'nothing is being produced' },
  { code: 10, args: `wait-produced ${CARD}`, because: 'nobody knows it', answers: { 'one card': down } },
  {
    code: 75,
    args: `wait-produced ${CARD} ${WAIT}`,
    because: 'it stays in progress',
    answers: { production: inProgress },
  },

  {
    code: 0,
    args: `status ${CARD}`,
    because: 'it could be read',
    answers: { production: failed('PRD_HOPPER_DOOR') },
  },
  { code: 2, args: 'status nonsense', because: 'it is no card' },
  { code: 3, args: `status ${CARD}`, because: 'of its token', answers: { 'one order': unauthorized } },
  { code: 7, args: `status ${CARD}`, because: 'it cannot be read', answers: { 'one order': raw('') } },
  {
    code: 10,
    args: `status ${CARD} 1001/502`,
    because: 'nobody knows one of them',
    answers: { 'one order': inTurn(order({}), down) },
  },
  {
    code: 0,
    args: `status ${CARD} --exit-status`,
    because: 'it is produced',
    answers: { production: produced },
  },
  {
    code: 4,
    args: `status ${CARD} --exit-status`,
    because: 'of its door',
    answers: { production: failed('PRD_HOPPER_DOOR') },
  },
  {
    code: 5,
    args: `status ${CARD} --exit-status`,
    because: 'of its server',
    answers: { production: failed('CB_NOT_AVAILABLE') },
  },
  {
    code: 6,
    args: `status ${CARD} --exit-status`,
    because: 'it was returned',
    answers: { 'one order': returned },
  },
  {
    code: 8,
    args: `status ${CARD} --exit-status`,
    because: 'nobody can tell',
    stage: lost,
    before: `${PRODUCE} ${BRIEFLY}`,
    settle: '1h',
  },
  {
    code: 75,
    args: `status ${CARD} --exit-status`,
    because: 'it is in progress',
    answers: { production: inProgress },
  },

  {
    code: 0,
    args: `simulate ${CARD} --status PRODUCED ${QUICK}`,
    because: 'it took',
    answers: { production: inProgress },
    stage: after('simulate', raw(''), produced),
  },
  { code: 2, args: `simulate ${CARD} --status MELTED`, because: 'there is no such end' },
  {
    code: 3,
    args: `simulate ${CARD} --status PRODUCED`,
    because: 'of its token',
    answers: { production: inProgress, simulate: unauthorized },
  },
  {
    code: 7,
    args: `simulate ${CARD} --status PRODUCED`,
    because: 'of a failure',
    answers: { production: inProgress, simulate: json({}, 503) },
  },
  { code: 9, args: `simulate ${CARD} --status PRODUCED`, because: 'it was not sent to a kiosk' },
  {
    code: 10,
    args: `simulate ${CARD} --status PRODUCED`,
    because: 'it was rejected',
    answers: { production: inProgress, simulate: json({}, 422) },
  },
  {
    code: 75,
    args: `simulate ${CARD} --status PRODUCED ${WAIT}`,
    because: 'it did not take',
    answers: { production: inProgress },
  },

  {
    code: 0,
    args: RETRY,
    because: 'it was taken',
    answers: {
      production: failed('PRD_HOPPER_DOOR'),
      produce: json({ ...IN_PROGRESS, occurredAt: '2026-01-05T13:00:00.000Z' }),
    },
  },
  {
    code: 2,
    args: `retry ${CARD}`,
    because: 'nobody can be asked whether it is fixed',
    answers: { production: failed('PRD_HOPPER_DOOR') },
  },
  {
    code: 3,
    args: RETRY,
    because: 'of its token',
    answers: { production: failed('PRD_HOPPER_DOOR'), produce: unauthorized },
  },
  {
    code: 4,
    args: RETRY,
    because: 'of its printer',
    answers: { production: failed('PRD_HOPPER_DOOR'), produce: refused('PRINTER_OR_SATELLITE_NOT_READY') },
  },
  {
    code: 5,
    args: RETRY,
    because: 'of its branch',
    answers: { production: failed('PRD_HOPPER_DOOR'), produce: refused('NO_BRANCH_LINKED_TO_KIOSK') },
  },
  {
    code: 6,
    args: RETRY,
    because: 'it is over 60 days old',
    answers: { production: failed('PRD_HOPPER_DOOR'), 'one card': expired },
  },
  {
    code: 7,
    args: RETRY,
    because: 'Wise showed no sign of it',
    answers: { production: failed('PRD_HOPPER_DOOR'), produce: broken },
  },
  {
    code: 8,
    args: `${RETRY} ${BRIEFLY}`,
    because: 'nobody can tell',
    answers: { production: failed('PRD_HOPPER_DOOR') },
    stage: lost,
  },
  { code: 9, args: RETRY, because: 'it did not fail' },
  { code: 10, args: RETRY, because: 'nobody knows it', answers: { 'one order': down } },
  {
    code: 75,
    args: `${RETRY} --wait ${BRIEFLY}`,
    because: 'it stays in progress',
    answers: {
      production: failed('PRD_HOPPER_DOOR'),
      produce: json({ ...IN_PROGRESS, occurredAt: '2026-01-05T13:00:00.000Z' }),
    },
    stage: after(
      'produce',
      json({ ...IN_PROGRESS, occurredAt: '2026-01-05T13:00:00.000Z' }),
      json({ ...IN_PROGRESS, occurredAt: '2026-01-05T13:00:00.000Z' }),
    ),
  },

  {
    code: 0,
    args: `cancel ${CARD} --yes ${QUICK}`,
    because: 'it reads CANCELLED',
    answers: { 'one order': inTurn(order({}), cancelled) },
  },
  { code: 2, args: `cancel ${CARD}`, because: 'nobody can be asked' },
  { code: 3, args: `cancel ${CARD} --yes`, because: 'of its token', answers: { cancel: unauthorized } },
  {
    code: 7,
    args: `cancel ${CARD} --yes`,
    because: 'of the limit of requests',
    answers: { cancel: json({}, 429) },
  },
  {
    code: 8,
    args: `cancel ${CARD} --yes ${WAIT}`,
    because: 'its answer is lost',
    answers: { cancel: broken },
  },
  {
    code: 9,
    args: `cancel ${CARD} --yes`,
    because: 'it was collected',
    answers: { 'one order': order({ status: 'COMPLETED' }) },
  },
  { code: 10, args: `cancel ${CARD} --yes`, because: 'it was rejected', answers: { cancel: json({}, 422) } },
  { code: 75, args: `cancel ${CARD} --yes ${WAIT}`, because: 'it never reads CANCELLED' },

  { code: 0, args: 'orders', because: 'they were read' },
  { code: 2, args: 'orders --limit 0', because: 'of the limit' },
  { code: 3, args: 'orders', because: 'of its token', answers: { orders: unauthorized } },
  { code: 7, args: 'orders', because: 'they cannot be read', answers: { orders: raw('<html>') } },
  { code: 10, args: 'orders', because: 'nobody knows the profile', answers: { orders: down } },
  { code: 0, args: 'cards', because: 'they were read' },
  { code: 3, args: 'cards', because: 'of its token', answers: { cards: unauthorized } },
  { code: 7, args: 'cards', because: 'they cannot be read', answers: { cards: raw('<html>') } },
  { code: 10, args: 'cards', because: 'nobody knows the profile', answers: { cards: down } },
  { code: 0, args: 'programs', because: 'they were read' },
  { code: 3, args: 'programs', because: 'of its token', answers: { programs: unauthorized } },
  { code: 7, args: 'programs', because: 'they cannot be read', answers: { programs: raw('<html>') } },
  { code: 10, args: 'programs', because: 'nobody knows the profile', answers: { programs: down } },

  { code: 0, args: 'sandbox advance 1d', because: 'its clock was moved' },
  { code: 2, args: 'sandbox fault --delay 5', because: 'of the duration' },
  { code: 9, args: `sandbox requirement 1003 PIN ${PRODUCTION}`, because: 'production is no sandbox' },
  { code: 9, args: `sandbox reset ${PRODUCTION}`, because: 'production is no sandbox' },
  { code: 0, args: 'explain PRD_HOPPER_DOOR', because: 'it is known' },
  { code: 2, args: 'explain PRD_TRAPDOOR', because: 'it is not known' },
];

/** Runs a scene in a home of its own, against a vendor of its own. @param how what people run is a process */
async function play(
  { code, args, answers = {}, stage, before, settle = '200ms' }: Scene,
  { flags, how }: { flags: string[]; how: 'run' | 'spawn' },
): Promise<void> {
  await apart(answers, async ({ user, vendor }) => {
    stage?.(vendor);
    const run = async (line: string, more: string[]) => {
      const where = line.includes('--base-url') ? line : `${line} ${LOCAL}`;
      // In production the settle window can't be shortened.
      const env = where.includes('production') ? {} : { KIOSKCTL_SETTLE: settle };
      return user[how]([...where.replace('URL', vendor.url).split(' '), ...more], { env });
    };
    if (before !== undefined) {
      await run(before, []);
      vendor.set({ production: json(READY) });
    }
    const ended = await run(args, flags);
    expect(ended.code, ended.stdout + ended.stderr).toBe(code);
    expectClean(ended);
    if (flags.includes('--json')) expect(oneDocument(ended).exitCode).toBe(code);
    // Only an order may be repeated, with its key; nothing else is ever sent twice.
    if (!args.startsWith('order')) expect(vendor.acts.length).toBeLessThanOrEqual(1);
  });
}

/** One scene for each exit code, of one command after the other. */
const forPeople = [...new Set(SCENES.map(({ code }) => code))].map((code, index) => {
  const scenes = SCENES.filter((scene) => scene.code === code);
  return scenes[index % scenes.length];
});

describe.concurrent('ends, for scripts,', () => {
  test.each(SCENES)('with $code because $because: $args', async (scene) =>
    play(scene, { flags: ['--json'], how: 'run' }),
  );
});

describe.concurrent('ends, for people,', () => {
  test.each(forPeople)('with $code because $because: $args', async (scene) => {
    if (scene) await play(scene, { flags: [], how: 'spawn' });
  });
});
