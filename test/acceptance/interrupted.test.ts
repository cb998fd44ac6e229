// Ctrl-C, SIGTERM and SIGHUP: the exit code, one document, and a message about what may still be going on.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ended, expectError, oneDocument, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';
import { Terminal } from '../harness/terminal.ts';
import { apart, CARD, IN_PROGRESS, json } from './vendor.ts';

const user = new User();
let sandbox: ServedSandbox;
let waiting: string;
beforeAll(async () => {
  sandbox = await ServedSandbox.open(user);
  waiting = `1002/${await sandbox.order(1002)}`;
});
afterAll(async () => {
  await sandbox.close();
  user.leave();
});

function start(who: User, args: string): ChildProcess {
  return spawn('kioskctl', args.split(' '), { env: who.env });
}

/** Resolves once a process has said something on standard error. */
async function said(child: ChildProcess, words: RegExp): Promise<void> {
  let heard = '';
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', (chunk) => {
      heard += String(chunk);
      if (words.test(heard)) resolve();
    });
  });
}

describe.concurrent('Ctrl-C on a command that only reads', () => {
  test.each([
    ['wait-ready', () => `wait-ready ${waiting}`, /placed \(/],
    ['status --watch', () => `status ${waiting} --watch --verbose`, /requirements 200/],
    ['events tail', () => 'events tail', /Following the events/],
  ])('prints no message for %s, and exits 130', async (_, args, working) => {
    const child = start(user, `${args()} --base-url ${sandbox.url}`);
    const end = ended(child);
    await said(child, working);
    child.kill('SIGINT');
    const { code, stderr } = await end;
    expect(code).toBe(130);
    // --verbose shows a request that the signal cut.
    expect(stderr.replaceAll(/^GET .*$/gm, '')).not.toMatch(/error|interrupted|sent/i);
  });
});

describe.concurrent('a second signal', () => {
  test.each([
    [
      'cancel',
      `cancel ${CARD} --yes`,
      /request to cancel order 501 may have been accepted/,
      /kioskctl status/,
    ],
    ['order', 'order --idempotency-key k1', /order may have been created/, /--idempotency-key k1/],
  ] as const)(
    'while %s is sent ends with 8, and says how to find out',
    async (endpoint, args, message, hint) => {
      await apart({ [endpoint]: () => undefined }, async ({ user, vendor }) => {
        const child = start(user, `${args} --json --base-url ${vendor.url}`);
        const end = ended(child);
        await vendor.asked(endpoint);
        child.kill('SIGINT');
        await said(child, /Waiting for the answer/);
        child.kill('SIGINT');
        expectError(await end, { code: 8, error: 'outcome-unknown', message, hint });
      });
    },
  );
});

const SIGNALS = [
  { signal: 'SIGINT', code: 130, error: 'interrupted', message: /interrupted\./i },
  { signal: 'SIGTERM', code: 143, error: 'terminated', message: /terminated\./i },
  { signal: 'SIGHUP', code: 129, error: 'hung-up', message: /hung up\./i },
] as const;

describe.concurrent.each(SIGNALS)('$signal', ({ signal, ...expected }) => {
  const hint = /may still complete.*kioskctl status|Run the same command again/s;

  test.each(['wait-ready', 'status --watch'])('ends a %s in order', async (command) => {
    const child = start(user, `${command} ${waiting} --json --verbose --base-url ${sandbox.url}`);
    const end = ended(child);
    await said(child, /requirements 200/);
    child.kill(signal);
    const { code, stdout, stderr } = await end;
    // A watch prints a document a line: the last one is about its end.
    const last = `${stdout.trim().split('\n').at(-1)}\n`;
    expectError({ code, stdout: last, stderr, json: JSON.parse(last) }, { ...expected, hint });
  });

  test('an interrupted action reports what may still complete', async () => {
    await apart({}, async ({ user, vendor }) => {
      const child = start(user, `produce ${CARD} --kiosk WIS00001 --wait --base-url ${vendor.url}`);
      const end = ended(child);
      await vendor.asked('produce');
      await vendor.asked('production');
      child.kill(signal);
      const { code, stderr } = await end;
      expect(code).toBe(expected.code);
      expect(stderr).toMatch(expected.message);
      expect(stderr).toMatch(/What was sent may still complete\. Continue with: kioskctl wait-produced/);
      const { acts } = (await user.run('log --json')).json;
      expect(acts).toMatchObject([{ act: 'produce', exitCode: expected.code }]);
    });
  });

  test('an interrupted run writes its report', async () => {
    const [scenario, report] = [join(user.home, `${signal}.yaml`), join(user.home, `${signal}.json`)];
    writeFileSync(scenario, 'version: 1\nname: waiting\nsteps: [order, wait-ready]\n');
    const run = `run ${scenario} --profile-id 1002 --report json=${report} --verbose --base-url ${sandbox.url}`;
    const child = start(user, run);
    const end = ended(child);
    await said(child, /requirements 200/);
    child.kill(signal);
    const { code, stderr } = await end;
    expect(code, stderr).toBe(expected.code);
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
      exitCode: expected.code,
      totals: { outcome: 'interrupted' },
    });
  });

  test('a signal during a produce request waits for the response, and the attempt is recorded', async () => {
    await apart({}, async ({ user, vendor }) => {
      const answer = vendor.hold('produce');
      const child = start(user, `produce ${CARD} --kiosk WIS00001 --wait --json --base-url ${vendor.url}`);
      const end = ended(child);
      await vendor.asked('produce');
      child.kill(signal);
      // The answer comes only after the signal has had its effect: a new process is answered in the meantime.
      await user.spawn('explain PRD_HOPPER_DOOR');
      vendor.set({ production: json(IN_PROGRESS) });
      answer();
      const stopped = await end;
      expectError(stopped, { ...expected, hint: /\S/ });
      expect(stopped.json.card).toMatchObject({ stage: 'in-progress', attempt: 1 });
      expect(vendor.count('produce')).toBe(1);
      const { json: after } = await user.run(`status ${CARD} --json --base-url ${vendor.url}`);
      expect(after.card).toMatchObject({ stage: 'in-progress', attempt: 1 });
    });
  });

  test('a second signal ends immediately with 8 (the request may have been accepted), and the attempt can be reconciled later', async () => {
    await apart({ produce: () => undefined }, async ({ user, vendor }) => {
      const child = start(user, `produce ${CARD} --kiosk WIS00001 --json --base-url ${vendor.url}`);
      const end = ended(child);
      await vendor.asked('produce');
      child.kill(signal);
      await user.spawn('explain PRD_HOPPER_DOOR');
      expect(child.exitCode).toBeNull();
      child.kill(signal);
      expectError(await end, {
        code: 8,
        error: 'outcome-unknown',
        message: new RegExp(
          `${expected.message.source} The request to produce card .* may have been accepted\\.$`,
          'i',
        ),
        hint: new RegExp(`kioskctl wait-produced ${CARD} `),
      });
      const { json: after } = await user.run(`status ${CARD} --history --json --base-url ${vendor.url}`, {
        env: { KIOSKCTL_SETTLE: '1h' },
      });
      expect(after.card).toMatchObject({ stage: 'unknown', attempts: [{ origin: 'ours' }] });
    });
  });

  test('a second signal while the first one is handled prints no second document', async () => {
    const child = start(user, `wait-ready ${waiting} --json --verbose --base-url ${sandbox.url}`);
    const end = ended(child);
    await said(child, /requirements 200/);
    child.stdout?.once('data', () => child.kill(signal === 'SIGINT' ? 'SIGTERM' : 'SIGINT'));
    child.kill(signal);
    const stopped = await end;
    // A process that is about to exit has no handler any more: then the second signal ends it.
    expect([expected.code, null]).toContain(stopped.code);
    expect(stopped.stdout.trim().split('\n')).toHaveLength(1);
    expect(stopped.json).toMatchObject({ exitCode: expected.code, error: { code: expected.error } });
  });

  test('a cancel that is interrupted before its request reports that nothing was sent, and suggests cancel again', async () => {
    await apart({ 'one order': () => undefined, orders: () => undefined }, async ({ user, vendor }) => {
      const child = start(user, `cancel ${CARD} --yes --json --base-url ${vendor.url}`);
      const end = ended(child);
      await Promise.race([vendor.asked('one order'), vendor.asked('orders')]);
      child.kill(signal);
      const { code, error } = expected;
      const message = new RegExp(`${expected.message.source} Nothing was sent\\.$`, 'i');
      const again = new RegExp(`^Run the same command again: kioskctl cancel ${CARD} --context local `);
      expectError(await end, { code, error, message, hint: again });
    });
  });

  test('a signal between two cards prevents the second card from being started', async () => {
    await apart({}, async ({ user, vendor }) => {
      const other = CARD.replace('3b7a', '4c8b');
      const answer = vendor.hold('produce');
      const child = start(user, `produce ${CARD} ${other} --kiosk WIS00001 --json --base-url ${vendor.url}`);
      const end = ended(child);
      await vendor.asked('produce');
      child.kill(signal);
      await user.spawn('explain PRD_HOPPER_DOOR');
      answer();
      const stopped = await end;
      expect(stopped.code).toBe(expected.code);
      expect(oneDocument(stopped).cards[1]).toMatchObject({ outcome: 'not-started', exitCode: null });
      expect(vendor.count('produce')).toBe(1);
    });
  });

  test('a signal while standard input is read ends the command', async () => {
    const child = spawn('kioskctl', ['produce', '-', '--kiosk', 'WIS00001', '--json', '--verbose'], {
      env: user.env,
    });
    await said(child, /environment local/);
    // Its end comes without an end of its input.
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => void (output.stdout += String(chunk)));
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    child.kill(signal);
    const code = await closed;
    expectError({ code, ...output, json: JSON.parse(output.stdout || '{}') }, { ...expected, hint: /\S/ });
  });

  test('a signal while a slow response is read ends the command', async () => {
    await apart({ orders: () => undefined }, async ({ user, vendor }) => {
      const child = start(user, `orders --json --base-url ${vendor.url}`);
      const end = ended(child);
      await vendor.asked('orders');
      child.kill(signal);
      expectError(await end, { ...expected, hint: /\S/ });
    });
  });
});

describe('SIGHUP on a server', () => {
  test.each(['listen --port 0', 'sandbox --port 0 --state :memory:'])(
    'SIGHUP on a server without a terminal is ignored and logged by %s, which ends with 0 after SIGTERM',
    async (args) => {
      const child = start(user, `${args} --json`);
      const end = ended(child);
      await new Promise((resolve) => child.stdout?.once('data', resolve));
      child.kill('SIGHUP');
      await said(child, /SIGHUP is ignored/);
      child.kill('SIGTERM');
      expect((await end).code).toBe(0);
    },
  );

  test.each(['listen --port 0', 'sandbox --port 0 --state :memory:'])(
    'SIGHUP on %s in a terminal ends it in order, with 129',
    async (args) => {
      const terminal = Terminal.open(user, args);
      await terminal.shows('http://127.0.0.1:');
      terminal.signal('SIGHUP');
      expect(await terminal.ended).toBe(129);
      expect(terminal.transcript).toContain('Error: Hung up.');
    },
  );

  test('SIGHUP on listen in a terminal removes its subscriptions', async () => {
    const terminal = Terminal.open(user, 'listen --port 0');
    await terminal.shows('http://127.0.0.1:');
    const count = async () => (await user.run('webhooks list --json')).json.subscriptions.length;
    expect(await count()).toBeGreaterThan(0);
    terminal.signal('SIGHUP');
    expect(await terminal.ended).toBe(129);
    expect(await count()).toBe(0);
  });
});
