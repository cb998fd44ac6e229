import type { Database } from '../../database/sqlite.ts';
import type { Holder } from '../../domain/attempt.ts';
import type { Hold } from './records.ts';

const COLUMNS = `kiosk_id AS kioskId, reason, context, user, host, held_at AS heldAt`;

/** The longest first. */
export function listHolds(db: Database, environment: string): Hold[] {
  return db.all<Hold>(
    `SELECT ${COLUMNS} FROM holds WHERE environment = :environment AND released_at IS NULL ORDER BY held_at, id`,
    { environment },
  );
}

export function findHold(db: Database, environment: string, kioskId: string): Hold | undefined {
  return db.get<Hold>(
    `SELECT ${COLUMNS} FROM holds
     WHERE environment = :environment AND kiosk_id = :kioskId AND released_at IS NULL`,
    { environment, kioskId },
  );
}

/** @returns false when the kiosk is on hold already */
export function insertHold(
  db: Database,
  environment: string,
  hold: { kioskId: string; reason: string; context: string; at: number; holder: Holder },
): boolean {
  const { kioskId, reason, context, at, holder } = hold;
  const { host, user } = holder;
  const { changes } = db.run(
    `INSERT INTO holds (environment, kiosk_id, reason, context, host, user, held_at)
     VALUES (:environment, :kioskId, :reason, :context, :host, :user, :at) ON CONFLICT DO NOTHING`,
    { environment, kioskId, reason, context, host, user, at },
  );
  return changes === 1;
}

/** @param hold which one: when it began tells it from others @returns false when it ended before */
export function endHold(
  db: Database,
  environment: string,
  { kioskId, heldAt, at }: { kioskId: string; heldAt: number; at: number },
): boolean {
  const { changes } = db.run(
    `UPDATE holds SET released_at = :at
     WHERE environment = :environment AND kiosk_id = :kioskId AND held_at = :heldAt AND released_at IS NULL`,
    { environment, kioskId, heldAt, at },
  );
  return changes === 1;
}
