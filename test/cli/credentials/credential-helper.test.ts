// The commands are real: small scripts in a folder of their own.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { CredentialCommand } from '../../../src/cli/credentials/credential-helper.ts';
import { withoutCredentials } from '../../../src/cli/settings/network.ts';
import { makeFolder } from '../../harness/command-line.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const SECRET = 'tok-4711-never-to-be-seen';

/** A vault: a shell script that is asked for a profile. */
function vault(script: string, timeout?: number) {
  const folder = makeFolder();
  writeFileSync(join(folder, 'vault.sh'), script);
  const clock = { now: NOW };
  const said: string[] = [];
  const hidden: string[] = [];
  const abort = new AbortController();
  const command = new CredentialCommand(['sh', join(folder, 'vault.sh'), '--profile={profileId}', folder], {
    contextName: 'bank',
    now: () => clock.now,
    signal: abort.signal,
    say: (line) => void said.push(line),
    hide: (secret) => void hidden.push(secret),
    ...(timeout !== undefined && { timeout }),
  });
  const runs = () => readFileSync(join(folder, 'runs'), 'utf8').trim().split('\n');
  return { command, clock, said, hidden, abort, runs, folder };
}

const NODE = `'${process.execPath}' -e`;
const SLEEP = `${NODE} 'setTimeout(() => undefined, 60_000)'`;
/** Starts a daemon in a session of its own, which keeps the output open. */
const START_DAEMON = `${NODE} '
  const { spawn } = require("node:child_process");
  const daemon = spawn(process.execPath, ["-e", "setTimeout(() => undefined, 60_000)"], { detached: true, stdio: "inherit" });
  require("node:fs").writeFileSync(process.argv[1] + "/daemon", String(daemon.pid));
  daemon.unref();' "$2"`;

const COUNTING = `echo "$1" >> "$2/runs"`;
const printing = (answer: unknown) => `${COUNTING}\necho '${JSON.stringify(answer)}'`;

describe('a credential command', () => {
  test('the credential command runs once per profile, even for requests at the same time', async () => {
    const { command, hidden, runs } = vault(`${COUNTING}; echo "{\\"access_token\\":\\"token$1\\"}"`);
    const asked = [1001, 1002, 1001, 1001].map(async (profile) => command.of(profile).get());
    expect(await Promise.all(asked)).toEqual([
      'token--profile=1001',
      'token--profile=1002',
      'token--profile=1001',
      'token--profile=1001',
    ]);
    expect(await command.of(1001).get()).toBe('token--profile=1001');
    expect(runs().toSorted()).toEqual(['--profile=1001', '--profile=1002']);
    expect(hidden.toSorted()).toEqual(['token--profile=1001', 'token--profile=1002']);
  });

  test('the credential command runs again shortly before its token expires, and when the API refused it', async () => {
    const { command, clock, runs } = vault(
      printing({ access_token: SECRET, expires_at: '2026-03-01T13:00:00.000Z' }),
    );
    const kept = command.of(1001);
    await kept.get();
    clock.now = NOW + 3_540_000;
    await kept.get();
    expect(runs()).toHaveLength(1);
    clock.now += 1;
    expect(await kept.get({ isAct: true })).toBe(SECRET);
    expect(runs(), 'an act takes what its look made sure of').toHaveLength(1);
    await kept.get();
    expect(runs()).toHaveLength(2);
    expect(await kept.replace(SECRET), 'it gave the same one').toBe(false);
    expect(runs()).toHaveLength(3);
  });

  test.each(['./vault', 'bin/vault', '../vault'])(
    'a credential command in the working folder is not executed: %s',
    async (program) => {
      const { abort } = vault('');
      const options = { contextName: 'bank', now: () => NOW, signal: abort.signal };
      const quiet = { say: () => undefined, hide: () => undefined };
      const command = new CredentialCommand([program], { ...options, ...quiet });
      await expect(command.of(1001).get()).rejects.toMatchObject({
        code: 'credentials-unusable',
        exitCode: 3,
        message: expect.stringContaining('relative to the working folder'),
        hint: expect.stringContaining('absolute path'),
      });
    },
  );

  test('the credential command gets its words unchanged, without a shell', async () => {
    const folder = makeFolder();
    const words = [
      'node',
      '-e',
      'console.log(process.argv[1])',
      `{"access_token":"$(touch\${IFS}${folder}/x)"}`,
    ];
    const { abort } = vault('');
    const command = new CredentialCommand(words, {
      contextName: 'bank',
      now: () => NOW,
      signal: abort.signal,
      say: () => undefined,
      hide: () => undefined,
    });
    await command.of(1).get();
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });

  test('the errors of the credential command are shown without its output', async () => {
    const { command, said } = vault(
      `echo "asking the vault, got ${SECRET}, access_token=other-secret" >&2; echo '{"access_token":"${SECRET}"}'`,
    );
    await command.of(1).get();
    expect(said).toEqual([expect.stringMatching(/^sh: asking the vault, got \[redacted\]/)]);
    expect(said.join()).not.toMatch(/4711|other-secret/);
  });

  test.each<[string, string, RegExp]>([
    ['ends with another code than 0', `echo '{"access_token":"${SECRET}"}'; exit 7`, /exited with 7/],
    ['prints nothing', 'true', /printed nothing/],
    ['prints no JSON', `echo ${SECRET}`, /no JSON/],
    ['prints a list', `echo '["${SECRET}"]'`, /no usable access_token/],
    ['prints no token', `echo '{"token":"${SECRET}"}'`, /access_token/],
    ['prints a token with a line break', `printf '%s' '{"access_token":"${SECRET}\\n"}'`, /access_token/],
    ['prints another kind of time', `echo '{"access_token":"${SECRET}","expires_at":"soon"}'`, /expires_at/],
    [
      'prints a token that has ended',
      `echo '{"access_token":"${SECRET}","expires_at":"2026-03-01T12:00:00Z"}'`,
      /expired at 2026-03-01T12:00:00Z/,
    ],
    ['ends by a signal', 'kill -9 $$', /SIGKILL/],
    ['never stops talking', 'while :; do echo y; done', /too much/],
  ])('a credential command that %s is a failure that names it', async (_, script, trouble) => {
    const { command, said } = vault(script);
    const failure: unknown = await command
      .of(1001)
      .get()
      .then(
        () => expect.fail('a token'),
        (error: unknown) => error,
      );
    expect(failure).toMatchObject({ code: 'credentials-unusable', exitCode: 3 });
    expect(failure).toMatchObject({
      message: expect.stringMatching(/profile 1001: the credential command of context bank \(sh\)/),
    });
    expect(failure).toMatchObject({ message: expect.stringMatching(trouble) });
    expect(JSON.stringify([failure, (failure as Error).message, said])).not.toContain('4711');
  });

  test('a missing credential command is a failure', async () => {
    const command = new CredentialCommand(['/nowhere/vault', 'x'], {
      contextName: 'bank',
      now: () => NOW,
      signal: new AbortController().signal,
      say: () => undefined,
      hide: () => undefined,
    });
    await expect(command.of(1).get()).rejects.toMatchObject({
      code: 'credentials-unusable',
      message: expect.stringContaining("can't be started (ENOENT)"),
    });
  });

  test('a credential command that takes too long is killed with the programs that it started', async () => {
    const { command, folder } = vault(`${SLEEP} & echo $! > "$2/child"; wait`, 300);
    await expect(command.of(1).get()).rejects.toMatchObject({
      message: expect.stringContaining('took longer than 0.3 seconds'),
    });
    await expectGone(Number(readFileSync(join(folder, 'child'), 'utf8')));
  });

  test('a daemon that the credential command left running is not waited for', async () => {
    const { command, folder } = vault(`${START_DAEMON}; echo '{"access_token":"${SECRET}"}'`, 20_000);
    expect(await command.of(1).get()).toBe(SECRET);
    process.kill(Number(readFileSync(join(folder, 'daemon'), 'utf8')));
  });

  test('a credential command that takes too long ends when it is killed, even if a daemon keeps its output open', async () => {
    const { command, folder } = vault(`${START_DAEMON}; ${SLEEP}`, 1_000);
    await expect(command.of(1).get()).rejects.toMatchObject({
      message: expect.stringContaining('took longer than 1 second'),
    });
    process.kill(Number(readFileSync(join(folder, 'daemon'), 'utf8')));
  });

  test('the credential command gets the environment of this process without its credentials', async () => {
    const own = ['TOKEN', 'REFRESH_TOKEN', 'CLIENT_ID', 'CLIENT_SECRET', 'JOURNAL_PASSWORD'];
    const secrets = [...own.map((one) => `KIOSKCTL_${one}`), 'PGPASSWORD'];
    for (const name of [...secrets, 'KIOSKCTL_PLAIN']) vi.stubEnv(name, 'given-4711');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { command, folder } = vault(`export -p > "$2/env"; echo '{"access_token":"${SECRET}"}'`);
    await command.of(1).get();
    const given = readFileSync(join(folder, 'env'), 'utf8');
    expect(given.match(/\w+(?=='?"?given-4711)/g)).toEqual(['KIOSKCTL_PLAIN']);
    const during = await withoutCredentials(async () => secrets.map((name) => process.env[name]));
    expect(during).toEqual(secrets.map(() => undefined));
    expect(secrets.map((name) => process.env[name])).toEqual(secrets.map(() => 'given-4711'));
  });

  test('the credential command is killed when it is no longer needed', async () => {
    const { command, folder, abort } = vault(`echo $$ > "$2/child"; ${SLEEP}`);
    const asked = command.of(1).get();
    const ended = expect(asked).rejects.toBe('interrupted');
    await expect.poll(() => existsSync(join(folder, 'child'))).toBe(true);
    await expect.poll(() => readFileSync(join(folder, 'child'), 'utf8')).not.toBe('');
    abort.abort('interrupted');
    await ended;
    await expectGone(Number(readFileSync(join(folder, 'child'), 'utf8')));
  });

  test('a credential command that failed runs again', async () => {
    const { command, folder } = vault(`test -e "$2/there" || exit 1; echo '{"access_token":"${SECRET}"}'`);
    await expect(command.of(1).get()).rejects.toMatchObject({ code: 'credentials-unusable' });
    writeFileSync(join(folder, 'there'), '');
    expect(await command.of(1).get()).toBe(SECRET);
  });
});

/** Killed, though nobody may have collected it yet. */
async function expectGone(pid: number): Promise<void> {
  const status = `/proc/${pid}/status`;
  const state = () => (existsSync(status) ? /^State:\s+(\w)/m.exec(readFileSync(status, 'utf8'))?.[1] : 'Z');
  await expect.poll(state).toBe('Z');
}
