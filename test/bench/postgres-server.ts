// A PostgreSQL server of a benchmark, which writes to the disk before it confirms.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSchema } from '../../src/journal/server-schema.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { PostgresSession } from '../../src/postgres/session.ts';
import { type Cluster, makeCluster, startServer, TEST_USER } from '../harness/suite/postgres.ts';

export class PostgresServer {
  readonly password: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #process: ChildProcess;

  private constructor(
    { password, port }: Cluster,
    { folder, process }: { folder: string; process: ChildProcess },
  ) {
    this.#folder = folder;
    this.password = password;
    this.#port = port;
    this.#process = process;
  }

  static async start(): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'kioskctl-postgres-'));
    // The server may run as another user.
    chmodSync(folder, 0o711);
    const cluster = await makeCluster(folder);
    if ('obstacle' in cluster) throw new Error(cluster.obstacle);
    const process = await startServer(cluster, { fsync: 'on', full_page_writes: 'on' });
    return new PostgresServer(cluster, { folder, process });
  }

  address(schema: string): PostgresAddress {
    return {
      name: this.url(schema),
      host: '127.0.0.1',
      port: this.#port,
      user: TEST_USER,
      database: 'postgres',
      schema,
      tls: null,
      password: () => this.password,
    };
  }

  /** The address as another process reads it. */
  place(address: PostgresAddress): string {
    return JSON.stringify({ ...address, password: this.password });
  }

  url(schema: string): string {
    return `postgres://${TEST_USER}@127.0.0.1:${this.#port}/postgres?schema=${schema}`;
  }

  async createJournal(schema: string): Promise<void> {
    const session = await PostgresSession.open(this.address(schema), { patience: 5_000 });
    await createSchema(session);
    await session.end();
  }

  async stop(): Promise<void> {
    const end = once(this.#process, 'exit');
    this.#process.kill('SIGINT');
    await end;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
