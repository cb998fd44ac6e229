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
