// Production: what is not confirmed, or is for sandboxes only, ends before any request.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Expected, expectComplaint, expectError, SECRET } from '../harness/program.ts';
import { apart, CARD } from './vendor.ts';

const ENV = { KIOSKCTL_TOKEN: SECRET, KIOSKCTL_PROFILE_ID: '1001' };
const PRODUCE = `produce ${CARD} --kiosk WIS00001`;
const SUBSCRIPTION = '01234567-89ab-4def-8123-456789abcdef';

const { commands } = JSON.parse(readFileSync('oclif.manifest.json', 'utf8')) as {
  commands: Record<string, { effect: string }>;
};

function ofEffect(wanted: string): string[] {
  return Object.entries(commands).flatMap(([id, { effect }]) =>
    effect === wanted ? [id.replaceAll(':', ' ')] : [],
  );
}

/** What a command that changes something needs; those that are not here work on a kiosk. */
const NEEDED: Record<string, string> = {
  order: '--program PHYSICAL_PROGRAM',
  produce: `${CARD} --kiosk WIS00001`,
  retry: CARD,
  cancel: CARD,
  run: 'over-60-days',
  'journal move': '--from journal.db',
  'journal restore': 'backup.db',
  'journal restored': '',
  'webhooks create': '--url https://hooks.bank.example/',
  'webhooks delete': SUBSCRIPTION,
  'webhooks test': SUBSCRIPTION,
};
const ACTS = ofEffect('writes').map((id) => `${id} ${NEEDED[id] ?? 'WIS00001'}`.trim());

const SANDBOX_ONLY = [
  `simulate ${CARD} --status PRODUCED`,
  'simulate --profile-verified 1001',
  `produce ${CARD} --kiosk WIS00001 --simulate PRODUCED`,
  `retry ${CARD} --simulate PRODUCED`,
  'sandbox reset',
  'sandbox requirement 1003 PIN',
  'sandbox advance 1d',
  'sandbox fault --clear',
  'sandbox --port 0',
];

test('every command that changes something is tried here', () => {
  expect(ofEffect('writes')).toEqual(expect.arrayContaining(Object.keys(NEEDED)));
  expect(ofEffect('sandbox-only').filter((id) => !isTried(id))).toEqual([]);
});

function isTried(id: string): boolean {
  return SANDBOX_ONLY.some((line) => line === id || line.startsWith(`${id} `));
}

/** Runs a command on a production that is this test's own server. */
async function run(args: string | string[]) {
  return apart({}, async ({ user, vendor }) => {
    const words = typeof args === 'string' ? args.split(' ') : args;
    const where = ['--environment', 'production', '--base-url', vendor.url];
    const ended = await user.run([...words, ...where], { env: ENV });
    return { ended, received: vendor.received, acts: vendor.acts };
  });
}

async function expectRefused(args: string | string[], expected: Expected): Promise<void> {
  const list = typeof args === 'string' ? args.split(' ') : args;
  const { ended, received } = await run([...list, '--json']);
  expectError(ended, expected);
  expect(ended.json.environment ?? 'production').toBe('production');
  expect(received).toEqual([]);
}

const notConfirmed = { code: 9, error: 'not-confirmed', message: /production/, hint: /--confirm production/ };

describe.concurrent('an act in production', () => {
  test.each(ACTS)('%s requires a confirmation in production', async (act) =>
    expectRefused(act, notConfirmed),
  );

  test.each([PRODUCE, `cancel ${CARD}`])('%s: --yes and --reason are no confirmation', async (act) =>
    expectRefused(`${act} --yes --no-input --reason test`, notConfirmed),
  );

  test.each(['sandbox', 'Production'])('is not confirmed with --confirm “%s”', async (name) =>
    expectRefused([...PRODUCE.split(' '), '--reason', 'test', '--confirm', name], notConfirmed),
  );

  test.each([[], ['--reason', ''], ['--reason', '  ']])(
    'an action in production requires a reason (%j)',
    async (...reason) =>
      expectRefused([...PRODUCE.split(' '), '--confirm', 'production', ...reason], {
        code: 2,
        error: 'input-required',
        message: /--reason.*required/,
        hint: /--reason/,
      }),
  );

  test.each(ACTS)('%s requires a reason in production', async (act) =>
    expectRefused(`${act} --confirm production`, {
      code: 2,
      error: 'input-required',
      message: /--reason.*required/,
      hint: /--reason/,
    }),
  );

  test('the error for an unconfirmed action explains how to confirm it, and names context and environment', async () => {
    const { ended, received } = await run(PRODUCE);
    expectComplaint(ended, { code: 9, message: /production/, hint: /--confirm production --reason <TEXT>/ });
    expect(ended.stderr).toContain('PRODUCTION: Context production, environment production');
    expect(received).toEqual([]);
  });

  test('an action in production is executed with a confirmation and a reason', async () => {
    const { ended, acts } = await run(`${PRODUCE} --confirm production --reason test --json`);
    expect(ended.code, ended.stdout).toBe(0);
    expect(ended.json).toMatchObject({ environment: 'production', changed: true });
    expect(acts.map(({ line }) => line.split('/')[0])).toEqual(['PUT ']);
    expect(ended.json.card.next).not.toMatch(/--confirm|--yes/);
  });
});

describe.concurrent('what only a sandbox has', () => {
  test.each(SANDBOX_ONLY)('the sandbox command %s is refused in production', async (command) => {
    const sandboxOnly = { code: 9, error: 'sandbox-only', message: /sandbox only/, hint: /sandbox/ };
    await expectRefused(command, sandboxOnly);
    if (!command.startsWith('sandbox'))
      await expectRefused(`${command} --confirm production --reason test --yes`, sandboxOnly);
  });
});

test('reads in production need no confirmation', async () => {
  const { ended, acts } = await run(`status ${CARD} --json`);
  expect(ended.code, ended.stdout).toBe(0);
  expect(acts).toEqual([]);
  const { ended: dryRun, acts: sent } = await run(
    'order --dry-run --cardholder Ada --first-line Street --city York --post-code Y1 --country GB --json',
  );
  expect(dryRun.code, dryRun.stdout).toBe(0);
  expect(sent).toEqual([]);
});
