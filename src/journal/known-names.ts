import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface KnownNames {
  /** The cards, newest first. */
  cards: { profileId: number; cardToken: string | null; orderId: number | null }[];
  kiosks: string[];
  /** Run ids, newest first. */
  runs: string[];
}

export const NO_NAMES: KnownNames = { cards: [], kiosks: [], runs: [] };

/** Maximum number of cards, and of runs, that completion suggests. */
const LIMIT = 2_000;

/**
 * Reads the known cards, kiosks and runs for shell completion. Synchronous; does not create, migrate or lock the file.
 */
export function readKnownNames(file: string, environment: string): KnownNames {
  if (!existsSync(file)) return NO_NAMES;
  const db = new DatabaseSync(file, { readOnly: true, timeout: 50 });
  try {
    const cards = db
      .prepare(
        `SELECT profile_id, card_token, order_id FROM cards WHERE environment = :environment
         ORDER BY id DESC LIMIT ${LIMIT}`,
      )
      .all({ environment });
    const kiosks = db
      .prepare(
        `SELECT DISTINCT kiosk_id FROM attempts WHERE environment = :environment AND kiosk_id IS NOT NULL
         ORDER BY kiosk_id`,
      )
      .all({ environment });
    const runs = db
      .prepare(`SELECT id FROM runs WHERE environment = :environment ORDER BY started_at DESC LIMIT ${LIMIT}`)
      .all({ environment });
    return {
      cards: cards.map(({ profile_id, card_token, order_id }) => ({
        profileId: Number(profile_id),
        cardToken: typeof card_token === 'string' ? card_token : null,
        orderId: order_id === null ? null : Number(order_id),
      })),
      kiosks: kiosks.map(({ kiosk_id }) => String(kiosk_id)),
      runs: runs.map(({ id }) => String(id)),
    };
  } finally {
    db.close();
  }
}
