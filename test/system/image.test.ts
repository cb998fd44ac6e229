// The container image, built by buildah and run in namespaces of its own, as any user, with a read-only root. In place of the
// public base there is a Debian with Node, which needs no registry of images: debootstrap makes it once, and buildah stores it.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest';
import { makeContext } from '../../scripts/release/image.ts';
import { makePackage, packedManifest } from '../../scripts/release/package.ts';
import { findProgram, testUnless } from '../harness/suite/machine.ts';

const ROOT = join(import.meta.dirname, '../..');
const BASE = `localhost/kioskctl-test-base:${process.versions.node}`;
const IMAGE = 'localhost/kioskctl-test';
const USER = 54321;

const missing = ['buildah', 'debootstrap', 'unshare', 'nsenter'].filter((name) => !findProgram(name));
const obstacle = process.getuid?.() === 0 ? `${missing.join(', ')} missing` : 'only root makes images here';
const imageTest = testUnless(missing.length === 0 && process.getuid?.() === 0 ? null : obstacle);

/** Runs in new namespaces, in which the program of the image is process 1: the root is read-only, and only /data is writable. */
const START = `set -e
root=$1 data=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"; mount -o remount,ro,bind "$root"
mount --bind "$data" "$root/data"
mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"
ip link set lo up
exec chroot --userspec=${USER}:0 --groups= "$root" env -i -C /data "$@"`;

interface Config {
  User: string;
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  Volumes: Record<string, object>;
  Healthcheck: { Test: string[] };
}

// The folder of the tests may be in memory, which a container can't have as a root.
const folder = mkdtempSync('/var/tmp/kioskctl-image-');
let config: Config;
let container = '';
let root = '';

const buildah = (...args: string[]) => execFileSync('buildah', args, { encoding: 'utf8' }).trim();

function makeBase(): void {
  if (spawnSync('buildah', ['inspect', '--type', 'image', BASE]).status === 0) return;
  const debian = join(folder, 'debian');
  execFileSync('debootstrap', ['--variant=minbase', 'bookworm', debian], { stdio: 'inherit' });
  copyFileSync(process.execPath, join(debian, 'usr/local/bin/node'));
  const scratch = buildah('from', 'scratch');
  buildah('copy', '--quiet', scratch, debian, '/');
  buildah('commit', '--quiet', '--rm', scratch, BASE);
}

beforeAll(() => {
  if (missing.length > 0 || process.getuid?.() !== 0) return;
  makeBase();
  const { tarball } = makePackage(folder);
  makeContext(tarball, join(folder, 'image'));
  const options = ['--quiet', '--format=docker', `--build-arg=BASE=${BASE}`, `--file=${ROOT}/Dockerfile`];
  buildah('build', ...options, `--tag=${IMAGE}`, join(folder, 'image'));
  config = (JSON.parse(buildah('inspect', '--type', 'image', IMAGE)) as { Docker: { config: Config } }).Docker
    .config;
  container = buildah('from', '--pull-never', IMAGE);
  root = buildah('mount', container);
}, 1_200_000);

afterAll(() => {
  if (container) buildah('rm', container);
  // Each build makes a new image of 340 MB. Only the base is stored for the next one.
  if (root) buildah('rmi', IMAGE);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** A container: its program is process 1, and `run` starts another one in it. */
class Container {
  readonly #program: ChildProcess;
  readonly ended: Promise<unknown[]>;
  stdout = '';
  stderr = '';

  constructor(
    words: readonly string[],
    { env = {}, data = makeData() }: { env?: Record<string, string>; data?: string } = {},
  ) {
    const variables = [...config.Env, ...Object.entries(env).map((pair) => pair.join('='))];
    const start = ['bash', '-c', START, 'bash', root, data, ...variables, ...config.Entrypoint, ...words];
    this.#program = spawn('unshare', ['--pid', '--fork', '--mount', '--net', '--kill-child', ...start], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#program.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#program.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = once(this.#program, 'close');
    onTestFinished(() => void this.#program.kill('SIGKILL'));
  }

  /** Returns the first line of the output as a document. */
  async ready(): Promise<Record<string, unknown>> {
    const { stdout } = this.#program;
    if (!stdout) throw new Error('no output');
    for await (const line of createInterface({ input: stdout }))
      return JSON.parse(line) as Record<string, unknown>;
    throw new Error(this.stderr);
  }

  get #firstPid(): string {
    return readFileSync(`/proc/${this.#program.pid}/task/${this.#program.pid}/children`, 'utf8').trim();
  }

  run(...words: string[]): { status: number | null; stdout: string; stderr: string } {
    const into = ['--target', this.#firstPid, '--mount', '--net', '--pid', '--root'];
    const env = Object.fromEntries(config.Env.map((pair) => pair.split('=', 2) as [string, string]));
    return spawnSync('nsenter', [...into, 'env', '-C', '/data', ...words], { encoding: 'utf8', env });
  }

  signal(name: string): void {
    execFileSync('kill', [`-${name}`, this.#firstPid]);
  }
}

function makeData(): string {
  const data = mkdtempSync(join(folder, 'data-'));
  chmodSync(data, 0o1777);
  return data;
}

// A container starts in half a second, or in half a minute where other programs have a higher priority.
describe('the image', { timeout: 300_000 }, () => {
  imageTest('it runs kioskctl as a user without rights, stores data in /data and has a health check', () => {
    expect(config).toMatchObject({ User: '1000:1000', Entrypoint: ['kioskctl'], Volumes: { '/data': {} } });
    expect(config.Env).toContain('KIOSKCTL_HOME=/data');
    expect(config.Healthcheck.Test).toEqual(['CMD', 'node', '/usr/local/lib/kioskctl/health.js']);
    expect(statSync(join(root, 'data')).mode & 0o7777).toBe(0o1777);
  });

  imageTest('it has the manual and graphile-worker, and no keyring', () => {
    const libraries = join(root, 'usr/local/lib/kioskctl/node_modules');
    expect(readdirSync(libraries)).toEqual(expect.arrayContaining(['graphile-worker', 'pg']));
    expect(readdirSync(libraries)).not.toContain('@napi-rs');
    expect(statSync(join(root, 'usr/local/share/man/man1/kioskctl-produce.1')).isFile()).toBe(true);
  });

  imageTest('without a command it shows the help', async () => {
    const container = new Container(config.Cmd);
    expect(await container.ended).toEqual([0, null]);
    expect(container.stdout).toContain('USAGE');
  });

  imageTest('a card comes to its end as any user on a read-only root, and only /data has files', async () => {
    const data = makeData();
    const container = new Container(['run', 'happy-path', '--json'], { data });
    expect(await container.ended, container.stderr).toEqual([0, null]);
    expect(JSON.parse(container.stdout)).toMatchObject({ exitCode: 0, totals: { outcome: 'passed' } });
    const journal = statSync(join(data, 'journal.db'));
    expect([journal.uid, journal.mode & 0o777]).toEqual([USER, 0o600]);
    expect(container.stderr).not.toMatch(/warning/i);
  });

  imageTest(
    'a server is healthy, loads graphile-worker, and ends with 0 after SIGTERM as process 1',
    async () => {
      const server = new Container(['serve', '--host', '0.0.0.0', '--json'], {
        env: { KIOSKCTL_ENVIRONMENT: 'sandbox' },
      });
      expect(await server.ready()).toMatchObject({ type: 'ready' });
      expect(server.run(...config.Healthcheck.Test.slice(1)).status).toBe(0);
      const script = `const { status } = await fetch('http://127.0.0.1:8788/ready'); console.log(status)`;
      expect(server.run('node', '--input-type=module', '-e', script).stdout).toBe('200\n');
      const load = `require('module').createRequire('/usr/local/lib/kioskctl/dist/main.cjs')('graphile-worker').run.name`;
      expect(server.run('node', '-p', load).stdout).toBe('run\n');
      const before = performance.now();
      server.signal('TERM');
      expect(await server.ended).toEqual([0, null]);
      expect(performance.now() - before).toBeLessThan(10_000);
    },
  );

  imageTest('a container without a server is not healthy', async () => {
    const container = new Container(['sandbox', '--port', '9999', '--json']);
    await container.ready();
    expect(container.run(...config.Healthcheck.Test.slice(1)).status).toBe(1);
    container.signal('TERM');
    expect(await container.ended).toEqual([0, null]);
  });

  imageTest('a sandbox is a sidecar: another program on its network orders and produces a card', async () => {
    const sandbox = new Container([
      'sandbox',
      '--host',
      '0.0.0.0',
      '--state',
      ':memory:',
      '--speed',
      '50',
      '--json',
    ]);
    const { token } = await sandbox.ready();
    expect(sandbox.run(...config.Healthcheck.Test.slice(1)).status).toBe(0);
    const connect = [
      '--environment',
      'sandbox',
      '--base-url',
      'http://127.0.0.1:8787',
      '--profile-id',
      '1001',
    ];
    const variables = ['env', `KIOSKCTL_TOKEN=${String(token)}`, 'KIOSKCTL_HOME=/data/client'];
    const kioskctl = (...words: string[]) =>
      sandbox.run(...variables, 'kioskctl', ...words, ...connect, '--json');
    const card = [
      '--cardholder',
      'Sam Sample',
      '--phone',
      '+441234567890',
      '--first-line',
      '1 Sample Street',
    ];
    const place = ['--city', 'London', '--post-code', 'E1 6JJ', '--country', 'GB'];
    const ordered = kioskctl('order', ...card, ...place, '--wait');
    expect(ordered.status, ordered.stdout).toBe(0);
    const { orderId } = (JSON.parse(ordered.stdout) as { card: { orderId: number } }).card;
    const produced = kioskctl('produce', `1001/${orderId}`, '--kiosk', 'WIS00001', '--simulate', 'PRODUCED');
    expect(produced.status, produced.stdout).toBe(0);
    expect(JSON.parse(produced.stdout)).toMatchObject({ card: { stage: 'produced' } });
    sandbox.signal('TERM');
    expect(await sandbox.ended).toEqual([0, null]);
  });

  imageTest('it has the version of the package', async () => {
    const container = new Container(['--version']);
    await container.ended;
    expect(container.stdout).toContain(packedManifest().version);
  });
});
