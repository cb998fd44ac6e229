import type { SqliteConnection } from '../../../database/sqlite.ts';

/** A snapshot of the sandbox state at one virtual time. */
export interface Moment {
  db: SqliteConnection;
  /** Virtual time, in milliseconds since the epoch. */
  at: number;
  /** The factor by which the delays of `DELAYS` are shortened. */
  speed: number;
  /** The number of kiosks. */
  kiosks: number;
}

/**
 * Delays between statuses, in milliseconds at speed 1. Assumptions, because Wise documents only “asynchronously” and
 * “in a short while”.
 */
export const DELAYS = {
  detailsCreated: 700,
  ready: 600,
  orderProduced: 300,
  cancelled: 150,
  outcome: 500,
} as const;

/** Returns the virtual time at which a delay ends. @param delay milliseconds at speed 1 */
export function dueAfter({ at, speed }: Moment, delay: number): number {
  return at + Math.round(delay / speed);
}

export const SANDBOX_TABLE = `
CREATE TABLE sandbox (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seed INTEGER NOT NULL,
  -- How many values were drawn from the seed: each draw gives another one.
  draws INTEGER NOT NULL,
  -- How far the virtual clock is ahead of the real one.
  clock_offset INTEGER NOT NULL,
  token_policy TEXT NOT NULL
);
`;

/** `any`: unknown tokens are valid. `listed`: only tokens that were issued or declared are valid. */
type TokenPolicy = 'any' | 'listed';

export interface SandboxRow {
  seed: number;
  draws: number;
  clock_offset: number;
  token_policy: TokenPolicy;
}

export function findSandboxRow(db: SqliteConnection): SandboxRow | undefined {
  return db.get<SandboxRow>('SELECT seed, draws, clock_offset, token_policy FROM sandbox');
}

export function readSandboxRow(db: SqliteConnection): SandboxRow {
  return seeded(findSandboxRow(db));
}

function seeded(row: SandboxRow | undefined): SandboxRow {
  if (!row) throw new TypeError('the state of the sandbox was never seeded');
  return row;
}

export function insertSandboxRow(db: SqliteConnection, seed: number): void {
  db.run(`INSERT INTO sandbox (id, seed, draws, clock_offset, token_policy) VALUES (1, :seed, 0, 0, 'any')`, {
    seed,
  });
}

/** Increments the number of random draws. @returns the row after the increment */
export function countDraw(db: SqliteConnection): SandboxRow {
  const sql = 'UPDATE sandbox SET draws = draws + 1 RETURNING seed, draws, clock_offset, token_policy';
  return seeded(db.get<SandboxRow>(sql));
}

export function moveClock(db: SqliteConnection, milliseconds: number): void {
  db.run('UPDATE sandbox SET clock_offset = clock_offset + :milliseconds', { milliseconds });
}

export function updateTokenPolicy(db: SqliteConnection, policy: TokenPolicy): void {
  db.run('UPDATE sandbox SET token_policy = :policy', { policy });
}
