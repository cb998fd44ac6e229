import { insertList, selectList } from '../store/columns.ts';
import type { Store } from '../store/store.ts';

export interface OrderRequestRecord {
  profileId: number;
  /** UUID sent with the order. */
  idempotencyKey: string;
  /** Hash of the order data sent with the key. The data are personal and not stored. */
  fingerprint: string;
  orderId: number | null;
}

/** Methods for the idempotency keys of orders. */
export interface OrderRequestsJournal {
  findOrderRequest(profileId: number, idempotencyKey: string): Promise<OrderRequestRecord | null>;
  /** Stores a request. If the request is stored already, adds its order id. */
  recordOrderRequest(request: OrderRequestRecord, at: number): Promise<void>;
}

const FIELDS = [
  'profileId',
  'idempotencyKey',
  'fingerprint',
  'orderId',
] as const satisfies (keyof OrderRequestRecord)[];

export function orderRequestsTable(store: Store): OrderRequestsJournal {
  const { db, environment } = store;
  return {
    findOrderRequest: async (profileId, idempotencyKey) => {
      const row = await db.get<OrderRequestRecord>(
        `SELECT ${selectList(FIELDS)} FROM order_requests
         WHERE environment = :environment AND profile_id = :profileId AND idempotency_key = :idempotencyKey`,
        { environment, profileId, idempotencyKey },
      );
      return row ?? null;
    },
    recordOrderRequest: async (request, at) =>
      store.write(async (scope) => {
        await scope.db.run(
          `INSERT INTO order_requests ${insertList([...FIELDS, 'environment', 'requestedAt'])}
           ON CONFLICT (environment, profile_id, idempotency_key)
           DO UPDATE SET order_id = COALESCE(excluded.order_id, order_requests.order_id)`,
          { ...request, environment, requestedAt: at },
        );
      }),
  };
}
