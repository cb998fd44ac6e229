// Output that nobody reads to its end, or that can't be written.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ended, expectClean, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';

/** All that these commands write to standard error. */
const NAMED = 'Context local, environment local\n';

const NONE_OR_NAMED = /^(Context local, environment local\n)?$/;

const user = new User();
let sandbox: ServedSandbox;
beforeAll(async () => {
  sandbox = await ServedSandbox.open(user);
});
afterAll(async () => {
  await sandbox.close();
  user.leave();
});

/** Runs a command in a shell. @returns its own exit code, and what it said on standard error */
async function runInto(command: string, output: string) {
  const { stdout, stderr } = await user.shell(
    `{ kioskctl ${command} ; echo "ended with $?" >&3; } 3>&2 ${output}`,
  );
  const [, code] = /ended with (\d+)/.exec(stdout + stderr) ?? [];
  return { code: Number(code), stderr: stderr.replace(/ended with \d+\n/, ''), stdout };
}

/** Runs a command whose standard error nobody reads. */
async function runUnheard(command: string) {
  const child = user.start([user.binary, ...command.split(' ')]);
  child.stderr?.destroy();
  return ended(child);
}

describe.concurrent('an output that is closed early', () => {
  test.each(['| true', '| read -r line'])('(%s) ends quietly with 0', async (output) => {
    const commands = ['explain', `orders --base-url ${sandbox.url}`, 'status --json', '--help', '--version'];
    for (const command of commands)
      expect(await runInto(command, output), command).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(NONE_OR_NAMED),
      });
  });

  test('an action is completed and recorded although its output is closed early', async () => {
    const { card } = await sandbox.readyCard();
    const produce = `produce ${card} --kiosk WIS00001 --base-url ${sandbox.url} --context local`;
    const { code, stderr } = await runInto(produce, '| true');
    expect({ code, stderr }).toEqual({ code: 0, stderr: NAMED });
    expect(await sandbox.puts(card)).toHaveLength(1);
    const { json } = await user.run(`status ${card} --json --base-url ${sandbox.url}`);
    expect(json.card).toMatchObject({ stage: 'in-progress', attempt: 1 });
  });

  test('a watch ends when its output is closed', async () => {
    const { card } = await sandbox.readyCard();
    const watch = `status ${card} --watch --json --interval 100ms --base-url ${sandbox.url}`;
    const produce = `kioskctl produce ${card} --kiosk WIS00002 --base-url ${sandbox.url}`;
    const ended = await runInto(watch, `| { read -r _; exec <&-; ${produce}; } > /dev/null 2>&1`);
    expect(ended).toMatchObject({ code: 0, stderr: NAMED });
  });
});

describe.concurrent('the reader of a watch that leaves', () => {
  test.each(['', '--json'])('ends the watch, although nothing changes any more: %s', async (format) => {
    const { card } = await sandbox.readyCard();
    const watch = `status ${card} --watch ${format} --base-url ${sandbox.url}`;
    const { code, stdout, stderr } = await runInto(watch, '| { read -r line; printf "%s\\n" "$line"; }');
    expect({ code, stderr }).toEqual({ code: 0, stderr: NAMED });
    expect(stdout).toMatch(format === '' ? /\n$/ : /^\{.*\}\n$/);
  });

  test('events tail ends when its reader closes the pipe before the first event', async () => {
    const tail = `events tail --base-url ${sandbox.url}`;
    expect(await runInto(tail, '| true')).toMatchObject({ code: 0 });
  });
});

describe.concurrent('a standard error that is closed', () => {
  test('a standard error that is closed early does not end an action in the middle', async () => {
    const { card } = await sandbox.readyCard();
    const produce = `produce ${card} --kiosk WIS00001 --wait --simulate PRODUCED --base-url ${sandbox.url}`;
    const { code, stdout } = await runUnheard(`${produce} --quiet`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${card}\n` });
    expect(await sandbox.puts(card)).toHaveLength(1);
  });

  test('standard error and output that are closed at the first line do not end an action in the middle', async () => {
    const { card } = await sandbox.readyCard();
    const produce = `produce ${card} --kiosk WIS00001 --wait --simulate PRODUCED --base-url ${sandbox.url}`;
    await user.shell(`kioskctl ${produce} 2>&1 | read -r line`);
    const { json } = await user.run(`status ${card} --json --base-url ${sandbox.url}`);
    expect(json.card).toMatchObject({ stage: 'produced', attempt: 1 });
  });

  test('a missing standard error does not change the exit code', async () => {
    for (const [command, code] of [
      ['status nonsense', 2],
      ['explain', 0],
    ] as const) {
      expect((await runUnheard(command)).code, command).toBe(code);
      expect((await user.shell(`kioskctl ${command} 2>&- > /dev/null`)).code, command).toBe(code);
    }
  });
});

describe.concurrent('an output that cannot be written (a full disk)', () => {
  test.each(['explain', '--version', '--help'])('fails “%s” in one line', async (command) => {
    const ended = await user.shell(`kioskctl ${command} > /dev/full`);
    expect(ended.code).not.toBe(0);
    expectClean(ended);
    expect(ended.stderr).toMatch(/ENOSPC|no space|full/i);
    expect(ended.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  });

  test("an action that can't print its result to a full disk is still reported as completed", async () => {
    const { card } = await sandbox.readyCard();
    const produce = `produce ${card} --kiosk WIS00001 --base-url ${sandbox.url}`;
    expectClean(await user.shell(`kioskctl ${produce} --json > /dev/full`));
    const { json } = await user.run(`${produce} --json`);
    expect(json).toMatchObject({ exitCode: 0, changed: false, card: { attempt: 1 } });
  });
});
