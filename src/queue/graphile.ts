import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as GraphileWorker from 'graphile-worker';
import type * as Pg from 'pg';
import type { PostgresAddress } from '../postgres/address.ts';
import { type ClientOptions, clientConfig } from '../postgres/client.ts';

type Worker = typeof GraphileWorker;

/** The reason why the jobs can't run, and what to do. */
export interface Obstacle {
  /** Sentence without a full stop. */
  reason: string;
  /** Sentence without a full stop. */
  fix: string;
}

/** The package graphile-worker, which is installed next to kioskctl. */
export interface Graphile {
  worker: Worker;
  version: string;
  /** Number of its newest migration. */
  migration: number;
  openPool(address: PostgresAddress, options: ClientOptions & { max: number }): Pg.Pool;
}

const PACKAGE = 'graphile-worker';
const SUPPORTED = '0.18';

const INSTALL = `Install it next to kioskctl: npm install --global ${PACKAGE}@${SUPPORTED}`;

/** Ignores the loss of a connection, which fails its statements. Without a listener, it would end the process. */
const ignore = () => undefined;

/** Loads the package. @returns the obstacle if it is missing or has another version */
export async function loadGraphile(): Promise<Graphile | Obstacle> {
  const entry = findEntry();
  if (entry === null) return { reason: `${PACKAGE} is not installed`, fix: INSTALL };
  const folder = join(dirname(entry), '..');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the package.json of an installed package
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  if (!version.startsWith(`${SUPPORTED}.`))
    return { reason: `${PACKAGE} has version ${version}, and kioskctl needs ${SUPPORTED}`, fix: INSTALL };
  const migrations = readdirSync(join(folder, 'sql')).map((file) => Number.parseInt(file, 10));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the package of this name
  const worker = (await import(pathToFileURL(entry).href)) as Worker;
  // Its own copy of pg, whose pool it expects.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the package of this name
  const pg = createRequire(entry)('pg') as typeof Pg;
  return {
    worker,
    version,
    migration: Math.max(...migrations.filter(Number.isFinite)),
    openPool: (address, { max, ...options }) => {
      const config = clientConfig(address, options);
      const pool = new pg.Pool({ ...config, max, idleTimeoutMillis: 60_000, allowExitOnIdle: true });
      pool.on('error', ignore);
      pool.on('connect', (client) => void client.on('error', ignore));
      return pool;
    },
  };
}

function findEntry(): string | null {
  try {
    return createRequire(import.meta.url).resolve(PACKAGE);
  } catch {
    return null;
  }
}
