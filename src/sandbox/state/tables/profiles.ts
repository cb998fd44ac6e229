import type { Database } from '../../../database/sqlite.ts';

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
