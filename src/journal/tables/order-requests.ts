import type { Database } from '../../database/sqlite.ts';
import type { OrderRequestRecord } from './records.ts';

interface OrderRequestRow {
  profile_id: number;
  idempotency_key: string;
  fingerprint: string;
  order_id: number | null;
}

export function findOrderRequest(
  db: Database,
  environment: string,
  { profileId, idempotencyKey }: { profileId: number; idempotencyKey: string },
): OrderRequestRecord | null {
  const row = db.get<OrderRequestRow>(
    `SELECT profile_id, idempotency_key, fingerprint, order_id FROM order_requests
     WHERE environment = :environment AND profile_id = :profileId AND idempotency_key = :idempotencyKey`,
    { environment, profileId, idempotencyKey },
  );
  if (!row) return null;
  return {
    profileId: row.profile_id,
    idempotencyKey: row.idempotency_key,
    fingerprint: row.fingerprint,
    orderId: row.order_id,
  };
}

/** Adds a request, or the order that came of it. */
export function recordOrderRequest(
  db: Database,
  environment: string,
  { request, at }: { request: OrderRequestRecord; at: number },
): void {
  db.run(
    `INSERT INTO order_requests (idempotency_key, environment, profile_id, fingerprint, order_id, requested_at)
     VALUES (:idempotencyKey, :environment, :profileId, :fingerprint, :orderId, :at)
     ON CONFLICT (environment, profile_id, idempotency_key)
     DO UPDATE SET order_id = COALESCE(excluded.order_id, order_requests.order_id)`,
    { ...request, environment, at },
  );
}
