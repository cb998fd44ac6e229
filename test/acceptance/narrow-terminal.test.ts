// What a person sees in narrow terminals of lines that are longer than the terminal is wide.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { User } from '../harness/program.ts';
import { Terminal } from '../harness/terminal.ts';

const user = new User();
let failed: string[] = [];

beforeAll(async () => {
  failed = [await user.readyCard(), await user.readyCard(), await user.readyCard()];
  const [hopper, ribbon, other] = failed;
  const produce = `--kiosk WIS00001 --simulate PRODUCTION_ERROR`;
  await user.run(`produce ${hopper} ${other} ${produce}:PRD_HOPPER_DOOR`);
  await user.run(`produce ${ribbon} ${produce}:PRT_RIBBON_ENDED`);
  await user.run(['kiosk', 'hold', 'WIS00001', '--reason', 'the door is open, and somebody repairs it']);
});
afterAll(() => user.leave());

/** Runs a command in a terminal. @returns what it wrote, without what a terminal breaks itself */
async function onTerminal(command: string, columns: number) {
  const terminal = Terminal.open(user, command, { columns, rows: 40 });
  const code = await terminal.ended;
  return { code, lines: terminal.transcript.split(/\r?\n/), screen: await terminal.screen() };
}

/** The lines that a terminal must break, but for commands and long words, which stay whole. */
function tooLong(lines: readonly string[], columns: number): string[] {
  return lines.filter(
    (line) => line.length > columns && /\S \S/.test(line.replace(/kioskctl .*|^.{0,24} {2,}/, '')),
  );
}

test.each([80, 60])('messages and results are broken at words in %i columns', async (columns) => {
  for (const command of [
    `retry ${failed[1]}`,
    'kiosk list',
    'status',
    'doctor',
    'explain PRT_RIBBON_ENDED',
  ]) {
    const { lines } = await onTerminal(command, columns);
    expect(tooLong(lines, columns), command).toEqual([]);
  }
});

test('off a terminal a message stays on one line', async () => {
  const { stderr } = await user.run(`retry ${failed[1]}`);
  expect(stderr).toMatch(
    /^Error: Kiosk WIS00001 is on hold since .*: the door is open, and somebody repairs it$/m,
  );
});

test('a coloured line has the short name of its card', async () => {
  const { screen } = await onTerminal('status', 80);
  expect(screen).not.toMatch(/1001\/[\da-f]{8}-/);
});

test('a result about cards with different errors names each card once, besides the next commands', async () => {
  const ready = await user.readyCard();
  const send = ['--kiosk', 'WIS00002', '--wait', '--timeout', '0'];
  const { stdout, stderr } = await user.run(['produce', failed[0] ?? '', ready, ...send]);
  expect(stderr.match(/^Error: /gm)).toHaveLength(2);
  const { json } = await user.run(`status ${ready} --json`);
  // Off a terminal, the progress of a wait is a line of its own.
  const shown = `${stdout}${stderr.slice(stderr.indexOf('Error: '))}`.replaceAll(/kioskctl .*/g, '');
  expect(shown.split(`1001/${json.card.orderId}`)).toHaveLength(2);
  expect(stdout).toMatch(/^✗ 1001\/501 refused: The production of the card failed\. /m);
});

test('on a terminal each card with an error of its own has the message once, with its next step below', async () => {
  const ready = await user.readyCard();
  const { code, screen } = await onTerminal(
    `produce ${failed.join(' ')} ${ready} 1001/9999 --kiosk WIS00002`,
    80,
  );
  expect(code).toBe(9);
  const lines = screen.split('\n');
  const at = (start: string) => lines.findIndex((line) => line.startsWith(start));
  expect(lines[at('✗ 1001/9999 refused') + 1]).toMatch(/^ {4}Check the reference/);
  expect(lines.slice(at('✗ 3 cards refused'), at('✓'))).toEqual([
    expect.stringContaining('The production of the card failed.'),
    expect.stringContaining('producing it.'),
    ...[501, 502, 503].map((order) => `    1001/${order}`),
    '    kioskctl kiosk recover WIS00001 --context local',
  ]);
  for (const message of ['The production of the card failed', 'The API has no such'])
    expect(screen.split(message)).toHaveLength(2);
  expect(screen).not.toContain('Error:');
});

test('the status of cards with different errors names each of them once', async () => {
  const { stdout, stderr } = await user.run('status 1001/9999 1003/501 1009/3 --no-color');
  for (const name of ['1001/9999', '1009/3'])
    expect(`${stdout}${stderr}`.split(name), `${stdout}${stderr}`).toHaveLength(2);
});
