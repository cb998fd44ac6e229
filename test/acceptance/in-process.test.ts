// What the other tests here rely on: a command without a process of its own ends like one that has one, and leaves nothing
// behind for the next.
import { afterAll, describe, expect, test } from 'vitest';
import { User } from '../harness/program.ts';

const user = new User();
afterAll(() => user.leave());

/** What its own process would take along. */
const held = () => [
  process.exitCode,
  process.argv,
  { ...process.env },
  ...['SIGINT', 'SIGTERM', 'uncaughtException', 'exit'].map((event) => process.listeners(event as 'exit')),
  process.stdout.listeners('error'),
];

describe.concurrent('like a process', () => {
  test.each([
    ['', ''],
    ['--version', ''],
    ['help produce', ''],
    ['nonsense --json', ''],
    ['status nonsense', ''],
    ['status - --json', '1001/501 nonsense\n'],
    ['explain PRD_HOPPER_DOOR', ''],
    ['context show --json', ''],
    ['complete -- pro', ''],
  ])('ends “kioskctl %s”', async (args, input) => {
    const env = { KIOSKCTL_KIOSK: 'WIS00002', COLUMNS: '60' };
    const inProcess = await user.run(args, { input, env });
    const { code, stdout, stderr } = await user.spawn(args, { input, env });
    expect(inProcess).toMatchObject({ code, stdout, stderr });
    expect(stdout + stderr).not.toBe('');
  });
});

test('commands that run in one process at the same time have separate variables, output and exit codes', async () => {
  const kiosks = Array.from({ length: 8 }, (_, index) => `K${index}`);
  const ended = await Promise.all(
    kiosks.flatMap((kiosk) => [
      user.run('order --json', { env: { KIOSKCTL_PROGRAM: kiosk } }),
      user.run(`explain ${kiosk} --json`),
    ]),
  );
  const [orders, explained] = [ended.filter((_, at) => at % 2 === 0), ended.filter((_, at) => at % 2 === 1)];
  expect(orders.map(({ json }) => JSON.stringify(json.error)).join('\n')).toMatch(
    new RegExp(kiosks.join('.*\\n.*')),
  );
  expect(explained.map(({ code, json }) => [code, json.command])).toEqual(kiosks.map(() => [2, 'explain']));
});

test('a command that runs in the process of the tests leaves nothing behind', async () => {
  const before = held();
  const { code } = await user.run('order --wait --json');
  await user.run('status nonsense');
  expect(code).toBe(0);
  expect(held()).toEqual(before);
});
