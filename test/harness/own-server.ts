// A PostgreSQL server of one test, which can stop it, start it again, and let it fail over.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Certificate } from './network.ts';
import { freePort } from './ports.ts';
import { type Cluster, copyCluster, copyData, startServer, TEST_USER } from './suite/postgres.ts';

export class OwnServer {
  readonly port: number;
  readonly password: string;
  readonly #cluster: Cluster;
  #process: ChildProcess | null = null;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.port = cluster.port;
    this.password = cluster.password;
  }

  /** Starts a server, which ends with the test. */
  static async open(): Promise<OwnServer> {
    const folder = mkdtempSync(join(tmpdir(), 'kioskctl-postgres-'));
    // Root lets another user run it.
    chmodSync(folder, 0o755);
    const server = new OwnServer(await copyCluster(folder));
    onTestFinished(async () => {
      await server.stop('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    });
    await server.start();
    return server;
  }

  async start(
    settings: Readonly<Record<string, string>> = {},
    options: { isStandby?: boolean } = {},
  ): Promise<void> {
    this.#process = await startServer(this.#cluster, settings, options);
  }

  /**
   * Starts the stopped server with TLS.
   * @param clients the authority whose certificates logins must have instead of a password; none for a password
   */
  async startWithTls({ cert, key }: Pick<Certificate, 'cert' | 'key'>, clients?: Certificate): Promise<void> {
    this.#write({ 'server.crt': cert, 'server.key': key });
    if (clients) this.#write({ 'clients.crt': clients.cert, 'pg_hba.conf': 'hostssl all all all cert\n' });
    await this.start({ ssl: 'on', fsync: 'on', ...(clients && { ssl_ca_file: 'clients.crt' }) });
  }

  #write(files: Readonly<Record<string, string>>): void {
    const { data, owner } = this.#cluster;
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(data, name), text, { mode: 0o600 });
      chownSync(join(data, name), owner.uid ?? -1, owner.gid ?? -1);
    }
  }

  /** @param signal SIGINT ends the sessions first; SIGQUIT is a crash */
  async stop(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    const end = once(child, 'exit');
    child.kill(signal);
    await end;
  }

  /** Suspends the server: the system still accepts connections for it, and nothing is answered. @returns the end of it */
  freeze(): () => void {
    const child = this.#process;
    child?.kill('SIGSTOP');
    return () => void child?.kill('SIGCONT');
  }

  /** Starts a standby, which streams from this server. This one is stopped while its data are copied. */
  async startStandby(): Promise<OwnServer> {
    await this.stop();
    const { data, password } = this.#cluster;
    const copy = `${data}-standby`;
    copyData(this.#cluster, copy);
    writeFileSync(join(copy, 'standby.signal'), '', { mode: 0o666 });
    const standby = new OwnServer({ ...this.#cluster, data: copy, port: await freePort() });
    onTestFinished(async () => standby.stop('SIGQUIT'));
    await this.start();
    const primary = `host=127.0.0.1 port=${this.port} user=${TEST_USER} password=${password}`;
    await standby.start({ primary_conninfo: primary }, { isStandby: true });
    return standby;
  }

  /** Starts the stopped server as a standby is promoted: on a new timeline. Until it is promoted, it reads only. */
  async startPromoted(): Promise<void> {
    writeFileSync(join(this.#cluster.data, 'recovery.signal'), '', { mode: 0o666 });
    await this.start({ restore_command: 'false' });
  }
}
