import type { SqliteConnection } from '../../../database/sqlite.ts';

export interface Profile {
  id: number;
  /** Maximum number of physical cards; null for no limit. */
  physicalCardLimit: number | null;
}

/** A precondition of an order. Its type and status are Wise's, or any word that a test sets. */
export interface Requirement {
  type: string;
  status: string;
}

export const PROFILES_TABLES = `
CREATE TABLE profiles (
  id INTEGER PRIMARY KEY,
  physical_card_limit INTEGER
);

CREATE TABLE profile_requirements (
  profile_id INTEGER NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  PRIMARY KEY (profile_id, type)
);

CREATE TABLE order_requirements (
  order_id INTEGER NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  PRIMARY KEY (order_id, type)
);
`;

export function findProfile(db: SqliteConnection, id: number): Profile | undefined {
  const sql = 'SELECT id, physical_card_limit AS physicalCardLimit FROM profiles WHERE id = :id';
  return db.get<Profile>(sql, { id });
}

/** Sets a requirement of a profile or of an order. */
export function putRequirement(
  db: SqliteConnection,
  of: 'profile' | 'order',
  { id, type, status }: Requirement & { id: number },
): void {
  db.run(
    `INSERT INTO ${of}_requirements (${of}_id, type, status) VALUES (:id, :type, :status)
     ON CONFLICT (${of}_id, type) DO UPDATE SET status = excluded.status`,
    { id, type, status },
  );
}

/** Copies the requirements of a profile to a new order. */
export function copyRequirements(db: SqliteConnection, from: { profileId: number; orderId: number }): void {
  db.run(
    `INSERT INTO order_requirements (order_id, type, status)
     SELECT :orderId, type, status FROM profile_requirements WHERE profile_id = :profileId`,
    from,
  );
}

export function listOrderRequirements(db: SqliteConnection, orderId: number): Requirement[] {
  return db.all<Requirement>(
    'SELECT type, status FROM order_requirements WHERE order_id = :orderId ORDER BY type',
    { orderId },
  );
}

export function areRequirementsMet(db: SqliteConnection, orderId: number): boolean {
  return listOrderRequirements(db, orderId).every(({ status }) => status === 'COMPLETED');
}

/** The default number of kiosks: WIS00001, WIS00002, WIS00003. */
export const KIOSK_COUNT = 3;

export function kioskIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `WIS${String(index + 1).padStart(5, '0')}`);
}

export function isKiosk(kioskId: string, count: number): boolean {
  const [, number] = /^WIS(\d{5})$/.exec(kioskId) ?? [];
  return number !== undefined && Number(number) >= 1 && Number(number) <= count;
}

/** Client id of all issued tokens. The sandbox does not distinguish clients. */
export const CLIENT_ID = 'kioskctl-sandbox';

const MET = { VERIFICATION: 'COMPLETED', ADDRESS: 'COMPLETED' };

const PROFILES: readonly { id: number; limit: number | null; requirements: Record<string, string> }[] = [
  { id: 1001, limit: null, requirements: MET },
  { id: 1002, limit: null, requirements: { ...MET, VERIFICATION: 'PENDING' } },
  { id: 1003, limit: null, requirements: { ...MET, PIN: 'NOT_INITIATED' } },
  // Card limit as in Wise's own sandbox.
  { id: 1004, limit: 10, requirements: MET },
];

export const PROFILE_IDS: readonly number[] = PROFILES.map(({ id }) => id);

/** Inserts the default profiles of a new state. */
export function insertProfiles(db: SqliteConnection): void {
  for (const { id, limit, requirements } of PROFILES) {
    db.run('INSERT INTO profiles (id, physical_card_limit) VALUES (:id, :limit)', { id, limit });
    for (const [type, status] of Object.entries(requirements))
      putRequirement(db, 'profile', { id, type, status });
  }
}
