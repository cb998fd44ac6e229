// Servers outlive what happens around them: readers of their output, log disks, signals that are not meant for them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { deliver, EventSigner } from '../harness/events.ts';
import { testWithMounts } from '../harness/other-users.ts';
import { BINARY, ended, User } from '../harness/program.ts';
import { checkDocuments } from '../harness/schemas.ts';
import { isLinux, testUnless } from '../harness/suite/machine.ts';

const signer = new EventSigner();
const users: User[] = [];
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const user of users) user.leave();
});

const LISTEN = 'listen --port 0 --json --public-key';

/** Makes somebody whose file `key.pem` has the key of the events. */
function newUser(): User {
  const user = new User({ KIOSKCTL_ENVIRONMENT: 'sandbox' });
  users.push(user);
  writeFileSync(join(user.home, 'key.pem'), signer.publicKey);
  return user;
}

function started(child: ChildProcess): ChildProcess {
  children.push(child);
  return child;
}

function startListener(user: User): ChildProcess {
  return started(user.start([BINARY, ...LISTEN.split(' '), join(user.home, 'key.pem')]));
}

function startSandbox(user: User, ...args: string[]): ChildProcess {
  const env = { KIOSKCTL_ENVIRONMENT: undefined };
  return started(user.start([BINARY, 'sandbox', '--json', ...args], { env }));
}

/** Waits for the line with which a server is ready. @returns its URL */
async function readyUrl({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new TypeError('no pipe');
  const [text] = await once(stdout, 'data');
  const [line = ''] = String(text).split('\n');
  checkDocuments(line);
  return JSON.parse(line).url;
}

async function deliverTo(url: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) expect(await deliver(url, signer.event())).toBe(200);
}

async function countEvents(user: User): Promise<number> {
  const { stdout } = await user.run('events export');
  return stdout.trim().split('\n').length;
}

const LOST = /Standard output is lost: ([^"\n]+)\. The server continues without it\./g;
const reasonsIn = (stderr: string) => [...stderr.matchAll(LOST)].map(([, reason]) => reason);

describe.concurrent('a server whose reader is gone', () => {
  test('a listener whose reader has closed the pipe stores events, reports this once, and ends with 0', async () => {
    const user = newUser();
    const listener = startListener(user);
    const url = await readyUrl(listener);
    const end = ended(listener);
    listener.stdout?.destroy();
    await deliverTo(url, 5);
    listener.kill('SIGTERM');
    const { code, stderr } = await end;
    expect([code, reasonsIn(stderr)]).toEqual([0, ['its reader has ended']]);
    expect(stderr).not.toContain('Error');
    expect(await countEvents(user)).toBe(5);
  });

  test('a sandbox without a reader of its output continues to respond, and ends with 0', async () => {
    const port = await freePort();
    const sandbox = startSandbox(newUser(), '--port', port);
    const end = ended(sandbox);
    sandbox.stdout?.destroy();
    await answers(port);
    sandbox.kill('SIGTERM');
    const { code, stderr } = await end;
    expect([code, reasonsIn(stderr)]).toEqual([0, ['its reader has ended']]);
  });
});

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** Waits until the sandbox at a port answers. */
async function answers(port: string): Promise<void> {
  const { status } = await vi.waitFor(
    async () => fetch(`http://127.0.0.1:${port}/_sandbox/requests`),
    20_000,
  );
  expect(status).toBe(200);
}

describe.concurrent('a server whose log disk is full', () => {
  testWithMounts(
    'a server whose log disk is full stores events, reports this once, and logs again when there is space',
    async () => {
      const user = newUser();
      const folder = join(user.home, 'logs');
      mkdirSync(folder);
      const script = `mount -t tmpfs -o size=16k none ${folder}; exec kioskctl ${LISTEN} ${user.home}/key.pem >> ${folder}/log`;
      const listener = started(spawn('unshare', ['--mount', 'bash', '-ec', script], { env: user.env }));
      const end = ended(listener);
      const log = `/proc/${listener.pid}/root${folder}/log`;
      const logged = () => readFileSync(log, 'utf8').split('\n').filter(Boolean);
      const { url } = await vi.waitFor(() => JSON.parse(logged()[0] ?? ''), 20_000);
      await deliverTo(url, 60);
      expect(logged().length).toBeLessThan(60);
      truncateSync(log);
      await deliverTo(url, 1);
      await vi.waitFor(() => expect(JSON.parse(logged().at(-1) ?? '{}').id).toBe(61), 20_000);
      listener.kill('SIGTERM');
      const { code, stderr } = await end;
      expect([code, reasonsIn(stderr)]).toEqual([0, ['the disk is full']]);
      expect(stderr).not.toContain('Error');
      expect(await countEvents(user)).toBe(61);
    },
  );

  testUnless(isLinux ? null : 'it needs /dev/full')('continues to answer when it is a sandbox', async () => {
    const user = newUser();
    const port = await freePort();
    const script = `exec kioskctl sandbox --port ${port} > /dev/full`;
    const env = { ...user.env, KIOSKCTL_ENVIRONMENT: undefined };
    const sandbox = started(spawn('sh', ['-c', script], { env }));
    const end = ended(sandbox);
    await answers(port);
    sandbox.kill('SIGTERM');
    const { code, stderr } = await end;
    expect([code, reasonsIn(stderr)]).toEqual([0, ['the disk is full']]);
  });
});

describe.concurrent('a server that a fault ends', () => {
  test('a listener whose journal was replaced does not end with 0', async () => {
    const user = newUser();
    const listener = startListener(user);
    const url = await readyUrl(listener);
    const end = ended(listener);
    listener.stdout?.destroy();
    for (const end of ['', '-wal', '-shm']) rmSync(join(user.home, `journal.db${end}`), { force: true });
    await user.spawn('journal show');
    await deliver(url, signer.event());
    expect((await end).code).toBe(9);
  });
});

describe.concurrent('SIGUSR1', () => {
  test('SIGUSR1 opens no inspector, and a server continues', async () => {
    const sandbox = startSandbox(newUser(), '--port', '0');
    const url = await readyUrl(sandbox);
    const end = ended(sandbox);
    sandbox.kill('SIGUSR1');
    // Each answer is a turn of the event loop, in which an inspector would have begun to listen.
    for (let asked = 0; asked < 5; asked += 1)
      expect((await fetch(`${url}/_sandbox/requests`)).status).toBe(200);
    sandbox.kill('SIGTERM');
    expect(await end).toMatchObject({ code: 0, stderr: expect.not.stringContaining('Debugger') });
  });
});
