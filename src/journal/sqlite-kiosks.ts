import type { Journal } from './journal.ts';
import { listDurations } from './tables/attempts.ts';
import * as holds from './tables/kiosks.ts';
import { listCardsAt } from './tables/kiosks.ts';
import { present, type Store } from './write-queue.ts';

type KiosksPart = Pick<Journal, 'listHolds' | 'holdKiosk' | 'releaseKiosk' | 'listCardsAt' | 'listDurations'>;

/** What concerns whole kiosks. */
export function sqliteKiosks({ db, environment, holder }: Store): KiosksPart {
  return {
    listHolds: async () => holds.listHolds(db, environment),
    holdKiosk: async (hold) =>
      db.transaction(() => {
        const held = holds.insertHold(db, environment, { ...hold, holder });
        return { hold: present(holds.findHold(db, environment, hold.kioskId) ?? null), held };
      }),
    releaseKiosk: async (hold, at) =>
      db.transaction(() => (holds.endHold(db, environment, { ...hold, at }) ? hold : null)),
    listCardsAt: async (kioskId, time) => listCardsAt(db, environment, { kioskId, ...time }),
    listDurations: async (kioskId, limit) => listDurations(db, environment, { kioskId, limit }),
  };
}
