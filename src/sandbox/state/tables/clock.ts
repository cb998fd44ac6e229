import type { Database } from '../../../database/sqlite.ts';

/** The sandbox's state at one virtual time: what every step of a request works with. */
export interface Moment {
  db: Database;
  /** The virtual clock, in milliseconds since the epoch. */
  at: number;
  /** How many times shorter than in `DELAYS` the delays are. */
  speed: number;
  /** How many kiosks there are. */
  kiosks: number;
}

/** How long things take at speed 1, in milliseconds. The vendor says only “asynchronously” and “in a short while”. */
export const DELAYS = {
  detailsCreated: 700,
  ready: 600,
  orderProduced: 300,
  cancelled: 150,
  outcome: 500,
} as const;

/** When something that takes `delay` milliseconds at speed 1 is due. */
export function dueAfter({ at, speed }: Moment, delay: number): number {
  return at + Math.round(delay / speed);
}

/** A time as the vendor's API writes it: UTC with milliseconds. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** `any`: every token is good that was not declared otherwise; `listed`: only issued and declared ones are. */
export type TokenPolicy = 'any' | 'listed';

export interface SandboxRow {
  seed: number;
  draws: number;
  clock_offset: number;
  token_policy: TokenPolicy;
}

export function findSandboxRow(db: Database): SandboxRow | undefined {
  return db.get<SandboxRow>('SELECT seed, draws, clock_offset, token_policy FROM sandbox');
}

export function readSandboxRow(db: Database): SandboxRow {
  const row = findSandboxRow(db);
  if (!row) throw new TypeError('the state of the sandbox was never seeded');
  return row;
}

export function insertSandboxRow(db: Database, seed: number): void {
  db.run(`INSERT INTO sandbox (id, seed, draws, clock_offset, token_policy) VALUES (1, :seed, 0, 0, 'any')`, {
    seed,
  });
}

/** Counts one draw. @returns the row after it */
export function countDraw(db: Database): { seed: number; draws: number } {
  const row = db.get<{ seed: number; draws: number }>(
    'UPDATE sandbox SET draws = draws + 1 RETURNING seed, draws',
  );
  if (!row) throw new TypeError('the state of the sandbox was never seeded');
  return row;
}

/** @param milliseconds how much further the virtual clock is ahead */
export function moveClock(db: Database, milliseconds: number): void {
  db.run('UPDATE sandbox SET clock_offset = clock_offset + :milliseconds', { milliseconds });
}

export function updateTokenPolicy(db: Database, policy: TokenPolicy): void {
  db.run('UPDATE sandbox SET token_policy = :policy', { policy });
}
