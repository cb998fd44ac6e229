import type { Holder } from '../../domain/attempt.ts';
import type { Database } from '../../sqlite/database.ts';
import type { Act, ActEnd } from './records.ts';

export function insertAct(
  db: Database,
  environment: string,
  { act, holder }: { act: Act; holder: Holder },
): number {
  const row = db.get<{ id: number }>(
    `INSERT INTO acts (environment, context, act, profile_id, order_id, card_token, kiosk_id, reason, host, user, started_at)
     VALUES (:environment, :context, :act, :profileId, :orderId, :cardToken, :kioskId, :reason, :host, :user, :at)
     RETURNING id`,
    { ...act, environment, host: holder.host, user: holder.user },
  );
  return row?.id ?? 0;
}

export function endAct(db: Database, id: number, end: ActEnd): void {
  db.run(
    `UPDATE acts SET exit_code = :exitCode, ended_at = :at, order_id = COALESCE(:orderId, order_id),
       attempt_id = :attemptId, trace_id = :traceId
     WHERE id = :id AND ended_at IS NULL`,
    {
      id,
      exitCode: end.exitCode,
      at: end.at,
      orderId: end.orderId ?? null,
      attemptId: end.attemptId ?? null,
      traceId: end.traceId ?? null,
    },
  );
}
