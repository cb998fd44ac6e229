import type { Journal } from './journal.ts';
import { listDurations } from './rows/attempts.ts';
import { listCardsAt } from './rows/cards-at.ts';
import * as holds from './rows/holds.ts';
import { present, type Store } from './store.ts';

type KiosksPart = Pick<Journal, 'listHolds' | 'holdKiosk' | 'releaseKiosk' | 'listCardsAt' | 'listDurations'>;

/** What concerns whole kiosks. */
export function sqliteKiosks({ db, environment, holder }: Store): KiosksPart {
  return {
    listHolds: async () => holds.listHolds(db, environment),
    holdKiosk: async (hold) => {
      holds.insertHold(db, environment, { ...hold, holder });
      return present(holds.findHold(db, environment, hold.kioskId) ?? null);
    },
    releaseKiosk: async (kioskId, at) =>
      db.transaction(() => {
        const hold = holds.findHold(db, environment, kioskId);
        holds.endHold(db, environment, { kioskId, at });
        return hold ?? null;
      }),
    listCardsAt: async (kioskId, time) => listCardsAt(db, environment, { kioskId, ...time }),
    listDurations: async (kioskId, limit) => listDurations(db, environment, { kioskId, limit }),
  };
}
