import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { dirname, join } from 'node:path';
import type * as GraphileWorker from 'graphile-worker';
import type * as Pg from 'pg';
import type { PostgresAddress } from '../postgres/address.ts';
import { type ClientOptions, clientConfig } from '../postgres/client.ts';

type Worker = typeof GraphileWorker;

/** The reason why jobs can't run, with the fix. */
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
  /** Number of the package's newest migration. */
  migration: number;
  openPool(address: PostgresAddress, options: ClientOptions & { max: number }): Pg.Pool;
}

const PACKAGE = 'graphile-worker';
const SUPPORTED = '0.18';

const INSTALL = `Install it next to kioskctl: npm install --global ${PACKAGE}@${SUPPORTED}`;

/**
 * Listener for a lost connection, whose statements fail anyway. Without a listener, the loss would end the process.
 */
const ignore = () => undefined;

/** Loads graphile-worker. @returns the obstacle if it is not installed, or has an unsupported version */
export async function loadGraphile(): Promise<Graphile | Obstacle> {
  const entry = findEntry();
  if (entry === null) return { reason: `${PACKAGE} is not installed`, fix: INSTALL };
  const folder = join(dirname(entry), '..');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the package.json of an installed package
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  if (!version.startsWith(`${SUPPORTED}.`))
    return { reason: `${PACKAGE} has version ${version}, and kioskctl needs ${SUPPORTED}`, fix: INSTALL };
  const migrations = readdirSync(join(folder, 'sql')).map((file) => Number.parseInt(file, 10));
  const worker = loadAway(entry);
  // graphile-worker expects a pool of its own copy of pg.
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

/**
 * Loads graphile-worker as if its own folder were the current folder and the home. While it is loaded, it searches settings
 * from the one up to the other: it would execute a file of somebody else, and fail for a user without a home.
 */
function loadAway(entry: string): Worker {
  const before = { cwd: process.cwd.bind(process), homedir: os.homedir };
  const own = () => dirname(entry);
  try {
    process.cwd = own;
    os.homedir = own;
    // Synchronous, so that nothing else runs meanwhile.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the package of this name
    return createRequire(entry)(entry) as Worker;
  } finally {
    process.cwd = before.cwd;
    os.homedir = before.homedir;
  }
}

function findEntry(): string | null {
  try {
    return createRequire(import.meta.url).resolve(PACKAGE);
  } catch {
    return null;
  }
}
