import type { Journal } from './journal.ts';
import { endAct, insertAct, listActs } from './rows/acts.ts';
import { findOrderRequest, recordOrderRequest } from './rows/order-requests.ts';
import type { Store } from './store.ts';

type ActsPart = Pick<Journal, 'startAct' | 'endAct' | 'listActs' | 'findOrderRequest' | 'recordOrderRequest'>;

/** Who did what, and the idempotency keys of orders. */
export function sqliteActs({ db, environment, holder }: Store): ActsPart {
  return {
    startAct: async (act) => insertAct(db, environment, { act, holder }),
    endAct: async (id, end) => endAct(db, id, end),
    listActs: async (filter) => listActs(db, environment, filter),
    findOrderRequest: async (profileId, idempotencyKey) =>
      findOrderRequest(db, environment, { profileId, idempotencyKey }),
    recordOrderRequest: async (request, at) => recordOrderRequest(db, environment, { request, at }),
  };
}
