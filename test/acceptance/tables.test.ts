// What a person sees of tables in terminals of 80 and 60 columns, and what programs read of them.
import { beforeAll, expect, test } from 'vitest';
import { User } from '../harness/program.ts';
import { Terminal } from '../harness/terminal.ts';

const user = new User();

beforeAll(async () => {
  const orders = await Promise.all(Array.from({ length: 12 }, async () => user.run('order --wait --quiet')));
  const input = orders.map(({ stdout }) => stdout).join('');
  await user.run('produce - --kiosk WIS00001 --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR', { input });
  return () => user.leave();
});

/** The lines of the screen after a command. */
async function onScreen(command: string, columns: number): Promise<string[]> {
  const terminal = Terminal.open(user, command, { columns, rows: 24 });
  expect(await terminal.ended).toBe(0);
  return (await terminal.screen()).split('\n');
}

const FULL_TIME = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d/;

test.each([
  { columns: 80, shown: ['CARD', 'ORDER', 'PRODUCTION', 'KIOSK', 'ATTEMPT', 'DAYS LEFT'] },
  { columns: 60, shown: ['CARD', 'PRODUCTION', 'KIOSK', 'ATTEMPT', 'DAYS LEFT'] },
])('the status of 12 failed cards takes a line for each in $columns columns', async ({ columns, shown }) => {
  const lines = await onScreen('status --cached', columns);
  const head = lines.findIndex((line) => line.startsWith('CARD '));
  expect(lines[head]?.split(/ {2,}/)).toEqual(shown);
  const rows = lines.slice(head + 1, head + 13);
  expect(rows.filter((row) => !/^1001\/5\d\d .*● ● ✗ ○ failed +WIS00001 +1 +60$/.test(row))).toEqual([]);
  const below = lines
    .slice(head + 13)
    .join(' ')
    .replaceAll(/\s+/g, ' ');
  expect(below).toBe(
    '12 cards failed with PRD_HOPPER_DOOR at WIS00001: The hopper door is open. Next: kioskctl kiosk recover WIS00001 --context local',
  );
});

test('kiosk list shows in 60 columns what needs attention, and adds times on a wide terminal', async () => {
  const narrow = await onScreen('kiosk list', 60);
  expect(narrow).toContainEqual(expect.stringMatching(/^KIOSK +HOLD +IN PROGRESS +FAILED( +OUT OF DAYS)?$/));
  expect(narrow).toContainEqual(expect.stringMatching(/^WIS00001 +– +0 +12 \(PRD_HOPPER_DOOR\)/));
  const wide = await onScreen('kiosk list --wide', 160);
  expect(wide).toContainEqual(expect.stringMatching(/^KIOSK .*OLDEST FAILED .*LAST PRODUCED$/));
  expect(wide.find((line) => line.startsWith('WIS00001 '))).toMatch(FULL_TIME);
});

test('a table that is not printed to a terminal is complete and has tabs', async () => {
  const { stdout } = await user.run('status --cached', { env: { NO_COLOR: '' } });
  const [head, first] = stdout.split('\n');
  expect(head?.split('\t')).toEqual(['CARD', 'ORDER', 'PRODUCTION', 'KIOSK', 'ATTEMPT', 'DAYS LEFT']);
  expect(first).toMatch(/^1001\/[\da-f-]{36}\t\d+ \w+\t● ● ✗ ○ failed\tWIS00001\t1\t60$/);
});

test('status shows the most urgent cards of the journal up to a limit, and their total number', async () => {
  const { stdout } = await user.run('status --cached --limit 5');
  expect(stdout.match(/\tWIS00001\t/g)).toHaveLength(5);
  expect(stdout).toContain('Showing the 5 most urgent of 12 cards. Show more with --limit.');
  const { json } = await user.run('status --limit 5 --json');
  expect(json).toMatchObject({ total: 12, hasMore: true, summary: { total: 5 } });
  expect((await user.run('status --cached --json')).json).toMatchObject({ total: 12, hasMore: false });
});

test.each([80, 60])('the audit log and the events fit %i columns, with a row for each', async (columns) => {
  await user.run([
    'kiosk',
    'hold',
    'WIS00002',
    '--reason',
    'the hopper door does not close any more since noon',
  ]);
  const log = await onScreen('log --limit 8', columns);
  expect(log).toContainEqual(expect.stringMatching(/^# +(STARTED +)?ACTION +CARD .*RESULT +REASON$/));
  expect(log.at(-2)).toMatch(/^\d+ .*hold +–.*done +the hopper d.*…$/);
  expect(log.filter((line) => line.length > columns)).toEqual([]);
  expect(log).toHaveLength(11);
});

test('off a terminal the audit log has a header and tabs, and --wide shows all of it on a terminal', async () => {
  const { stdout } = await user.run('log');
  const [head, first] = stdout.split('\n');
  expect(head?.split('\t')).toEqual(expect.arrayContaining(['#', 'STARTED', 'MEANING', 'TRACE']));
  expect(first?.split('\t')).toHaveLength(head?.split('\t').length ?? 0);
  expect(await onScreen('log --limit 1', 250)).toContainEqual(expect.stringMatching(/ RESULT +REASON$/));
  expect(await onScreen('log --wide --limit 1', 250)).toContainEqual(
    expect.stringMatching(/ CORRELATION +TRACE +PLAN +APPROVED BY$/),
  );
});

test('an empty list of runs names a command that starts one, with the scenario before the flags', async () => {
  expect(await onScreen('runs list', 80)).toContain(
    'No runs. Start one: kioskctl run happy-path --context local',
  );
});
