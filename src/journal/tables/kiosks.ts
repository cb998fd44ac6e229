import type { Database } from '../../database/sqlite.ts';
import type { OwnerProcess } from '../../domain/attempt.ts';
import type { CardToken, KioskId } from '../../domain/ids.ts';
import type { Hold } from './records.ts';

const COLUMNS = `kiosk_id AS kioskId, reason, context, user, host, held_at AS heldAt`;

/** The longest first. */
export function listHolds(db: Database, environment: string): Hold[] {
  return db.all<Hold>(
    `SELECT ${COLUMNS} FROM holds WHERE environment = :environment AND released_at IS NULL ORDER BY held_at, id`,
    { environment },
  );
}

export function findHold(db: Database, environment: string, kioskId: KioskId): Hold | undefined {
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
  hold: { kioskId: KioskId; reason: string; context: string; at: number; holder: OwnerProcess },
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
  { kioskId, heldAt, at }: { kioskId: KioskId; heldAt: number; at: number },
): boolean {
  const { changes } = db.run(
    `UPDATE holds SET released_at = :at
     WHERE environment = :environment AND kiosk_id = :kioskId AND held_at = :heldAt AND released_at IS NULL`,
    { environment, kioskId, heldAt, at },
  );
  return changes === 1;
}

/** Of each part of the journal, what it has of a kiosk in a time. An attempt counts for as long as it was open. */
const AT_KIOSK = `
  SELECT card_token FROM attempts
  WHERE environment = :environment AND kiosk_id = :kioskId AND outcome <> 'claimed'
    AND claimed_at < :until AND (closed_at IS NULL OR closed_at >= :since)
  UNION SELECT card_token FROM events
  WHERE environment = :environment AND kiosk_id = :kioskId AND is_test = 0
    AND received_at >= :since AND received_at < :until
  UNION SELECT card_token FROM acts
  WHERE environment = :environment AND kiosk_id = :kioskId AND started_at >= :since AND started_at < :until`;

/** The cards that a kiosk was heard of with, or that were sent to it, from a time, and until but not including. */
export function listCardsAt(
  db: Database,
  environment: string,
  { kioskId, since, until }: { kioskId: KioskId; since: number; until: number },
): CardToken[] {
  return db
    .all<{ card_token: CardToken }>(
      `SELECT card_token FROM (${AT_KIOSK}) AS heard WHERE card_token IS NOT NULL ORDER BY card_token`,
      { environment, kioskId, since, until },
    )
    .map((row) => row.card_token);
}
