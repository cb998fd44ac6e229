import { parseVendorTime } from '../../domain/times/vendor-time.ts';
import { insertList, selectList } from '../store/columns.ts';
import type { Scope, Store } from '../store/store.ts';
import { parseProduction } from './cards.ts';
import { findEnvironment } from './state.ts';

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
  /**
   * Lists how long the latest orders of a profile took until their cards could be produced, in milliseconds,
   * newest first. Includes only cards that were sent to a kiosk.
   */
  listReadyDurations(profileId: number, limit: number): Promise<number[]>;
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
    listReadyDurations: async (profileId, limit) => listReadyDurations(store, { profileId, limit }),
  };
}

/** The production before the first attempt on a card has the time at which it became READY. */
async function listReadyDurations(
  scope: Scope,
  { profileId, limit }: { profileId: number; limit: number },
): Promise<number[]> {
  const { db, environment } = scope;
  const rows = await db.all<{ requestedAt: number; baseline: string }>(
    `SELECT requested_at AS "requestedAt", baseline FROM (
       SELECT order_id, requested_at FROM order_requests
       WHERE environment = :environment AND profile_id = :profileId AND order_id IS NOT NULL
       ORDER BY requested_at DESC LIMIT :limit
     ) AS latest
     JOIN cards ON cards.environment = :environment AND cards.order_id = latest.order_id
     JOIN attempts ON attempts.environment = :environment AND attempts.card_token = cards.card_token
       AND attempts.number = 1
     WHERE baseline IS NOT NULL
     ORDER BY requested_at DESC`,
    { environment, profileId, limit },
  );
  const { clockOffset } = await findEnvironment(scope);
  return rows.flatMap(({ requestedAt, baseline }) => {
    const { status, occurredAt = null } = parseProduction(baseline) ?? {};
    const readyAt = status === 'READY' ? parseVendorTime(occurredAt)?.milliseconds : undefined;
    return readyAt === undefined ? [] : readyAt - clockOffset - requestedAt;
  });
}
