import { randomInt } from 'node:crypto';
import type { Database } from '../../../database/sqlite.ts';
import { insertSandboxRow } from './clock.ts';
import { TABLES } from './schema.ts';

export interface Profile {
  id: number;
  /** null for none. */
  physicalCardLimit: number | null;
}

/** What an order waits for, in the vendor's words (and any other word that a test sets). */
export interface Requirement {
  type: string;
  status: string;
}

export function findProfile(db: Database, id: number): Profile | undefined {
  return db.get<Profile>('SELECT id, physical_card_limit AS physicalCardLimit FROM profiles WHERE id = :id', {
    id,
  });
}

export function insertProfile(db: Database, { id, physicalCardLimit }: Profile): void {
  db.run('INSERT INTO profiles (id, physical_card_limit) VALUES (:id, :physicalCardLimit)', {
    id,
    physicalCardLimit,
  });
}

export function setProfileRequirement(db: Database, profileId: number, requirement: Requirement): void {
  db.run(
    `INSERT INTO profile_requirements (profile_id, type, status) VALUES (:profileId, :type, :status)
     ON CONFLICT (profile_id, type) DO UPDATE SET status = excluded.status`,
    { profileId, type: requirement.type, status: requirement.status },
  );
}

/** A new order waits for what its profile waits for. */
export function copyRequirements(db: Database, from: { profileId: number; orderId: number }): void {
  db.run(
    `INSERT INTO order_requirements (order_id, type, status)
     SELECT :orderId, type, status FROM profile_requirements WHERE profile_id = :profileId`,
    from,
  );
}

export function setOrderRequirement(db: Database, orderId: number, requirement: Requirement): void {
  db.run(
    `INSERT INTO order_requirements (order_id, type, status) VALUES (:orderId, :type, :status)
     ON CONFLICT (order_id, type) DO UPDATE SET status = excluded.status`,
    { orderId, type: requirement.type, status: requirement.status },
  );
}

export function listOrderRequirements(db: Database, orderId: number): Requirement[] {
  return db.all<Requirement>(
    'SELECT type, status FROM order_requirements WHERE order_id = :orderId ORDER BY type',
    { orderId },
  );
}

export function areRequirementsMet(db: Database, orderId: number): boolean {
  return listOrderRequirements(db, orderId).every(({ status }) => status === 'COMPLETED');
}

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
