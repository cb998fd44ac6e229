import type { Database } from '../../database/sqlite.ts';

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
  { kioskId, since, until }: { kioskId: string; since: number; until: number },
): string[] {
  return db
    .all<{ card_token: string }>(
      `SELECT card_token FROM (${AT_KIOSK}) AS heard WHERE card_token IS NOT NULL ORDER BY card_token`,
      { environment, kioskId, since, until },
    )
    .map((row) => row.card_token);
}
