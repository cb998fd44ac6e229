// The tab key in real shells: what bash puts on the line, and whether the shells take their scripts at all.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ended, User } from '../harness/program.ts';
import { findProgram, testUnless } from '../harness/suite/machine.ts';

const user = new User();
afterAll(() => user.leave());

/** Declares a test that needs a shell. */
function testIn(shell: string) {
  return testUnless(findProgram(shell) ? null : `${shell} is not installed`);
}

/** Does in bash what a press of the tab key does at the end of each line. @returns the words offered, by line */
async function pressTab(lines: readonly string[], { by = user } = {}): Promise<string[][]> {
  const script = `
    source <(kioskctl completion bash)
    press() { COMP_LINE=$1 COMP_POINT=\${#1}; COMPREPLY=(); _kioskctl; echo "\${COMPREPLY[*]}"; }
    complete -p kioskctl >&2
    ${lines.map((line) => `press '${line}'`).join('\n')}`;
  const bash = spawn('bash', ['-c', `set -eu\n${script}`], { env: by.env });
  const { code, stdout, stderr } = await ended(bash);
  expect(code, stderr).toBe(0);
  expect(stderr).toBe('complete -o default -F _kioskctl kioskctl\n');
  const offered = stdout.split('\n').slice(0, -1);
  return offered.map((words) => words.split(' ').filter(Boolean));
}

testIn('bash')('bash completes commands, cards, kiosks, codes and contexts', async () => {
  const card = await user.readyCard();
  const lines = [
    'kioskctl wait-',
    'kioskctl  status 1001/',
    `kioskctl produce ${card} --kiosk `,
    'kioskctl retry x --simulate PRODUCTION_ERROR:PRD_HOPPER_D',
    'kioskctl status --via=',
    'kioskctl status --no-col',
    'kioskctl context use s',
    'kioskctl order --from ',
  ];
  expect(await pressTab(lines)).toEqual([
    ['wait-produced', 'wait-ready'],
    [card],
    ['WIS00001', 'WIS00002', 'WIS00003'],
    ['PRD_HOPPER_DOOR'],
    ['auto', 'poll', 'journal'],
    ['--no-color'],
    ['sandbox'],
    [],
  ]);
});

testIn('bash')('bash completes runs, help topics, and the rest of a token', async () => {
  const other = new User();
  const { json } = await other.run('run happy-path --keep --json');
  const [token = ''] = (await other.run('status --cached --quiet')).stdout.trim().split('/').slice(1);
  const begun = token.slice(0, 10);
  const lines = [
    'kioskctl runs show ',
    'kioskctl run --resume ',
    `kioskctl status ${begun}`,
    `kioskctl retry 1001/${begun}`,
    'kioskctl help sa',
  ];
  const offered = await pressTab(lines, { by: other });
  other.leave();
  expect(offered).toEqual([[json.run.id], [json.run.id], [token], [`1001/${token}`], ['sandbox', 'safety']]);
});

testIn('bash')('bash executes nothing of the text that is completed', async () => {
  const file = join(user.home, 'pwned');
  const words = [`$(touch ${file})`, `\`touch ${file}\``, `; touch ${file} `, `"$(touch ${file})" `];
  await pressTab(words.map((word) => `kioskctl status ${word}`));
  expect(existsSync(file)).toBe(false);
});

for (const shell of ['bash', 'zsh', 'fish'])
  testIn(shell)(`${shell} accepts its completion script`, async () => {
    const { code, stdout } = await user.run(['completion', shell]);
    expect(code).toBe(0);
    const file = join(user.home, `script.${shell}`);
    writeFileSync(file, stdout);
    const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

test('completion for an unsupported shell is an error', async () => {
  const { code, json } = await user.run('completion tcsh --json');
  expect([code, json.error.code]).toEqual([2, 'usage']);
});
