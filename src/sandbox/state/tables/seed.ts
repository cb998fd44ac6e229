import { randomInt } from 'node:crypto';
import type { Database } from '../../../database/sqlite.ts';
import { insertProfile, setProfileRequirement } from './profiles.ts';
import { insertSandboxRow } from './sandbox-row.ts';
import { TABLES } from './schema.ts';

/** How many kiosks the manufacturer knows, unless told otherwise: WIS00001, WIS00002, WIS00003. */
export const KIOSK_COUNT = 3;

/** Is this one of so many kiosks? */
export function isKiosk(kioskId: string, count: number): boolean {
  const [, number] = /^WIS(\d{5})$/.exec(kioskId) ?? [];
  return number !== undefined && Number(number) >= 1 && Number(number) <= count;
}

/** The client that every token belongs to: the sandbox does not tell clients apart. */
export const CLIENT_ID = 'kioskctl-sandbox';

const MET = { VERIFICATION: 'COMPLETED', ADDRESS: 'COMPLETED' };

const PROFILES: readonly { id: number; limit: number | null; requirements: Record<string, string> }[] = [
  { id: 1001, limit: null, requirements: MET },
  { id: 1002, limit: null, requirements: { ...MET, VERIFICATION: 'PENDING' } },
  { id: 1003, limit: null, requirements: { ...MET, PIN: 'NOT_INITIATED' } },
  // 10 is what the vendor allows in its sandbox.
  { id: 1004, limit: 10, requirements: MET },
];

/**
 * Empties the state and fills it anew; the virtual clock is the real one again. Subscriptions stay, like the key that
 * signs: a listener goes on to hear what comes.
 */
export function resetState(db: Database, seed: number = randomInt(2 ** 47)): void {
  for (const table of TABLES.filter((name) => name !== 'subscriptions')) db.run(`DELETE FROM ${table}`);
  insertSandboxRow(db, seed);
  for (const { id, limit, requirements } of PROFILES) {
    insertProfile(db, { id, physicalCardLimit: limit });
    for (const [type, status] of Object.entries(requirements))
      setProfileRequirement(db, id, { type, status });
  }
}
