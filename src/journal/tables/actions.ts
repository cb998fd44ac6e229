import type { Database, Parameters } from '../../database/sqlite.ts';
import type { ActionRecord } from '../../domain/action.ts';
import type { OwnerProcess } from '../../domain/attempt.ts';
import type { ActionEnd, ActionFilter, NewAction, OrderRequestRecord } from './records.ts';

/** An act with what tells whether its process still runs; acts of old journals don't have it. */
export interface KeptAction extends Omit<ActionRecord, 'isRunning'> {
  holderPid: number | null;
  holderStartedAt: string | null;
}

export function insertAction(
  db: Database,
  environment: string,
  { act, holder }: { act: NewAction; holder: OwnerProcess },
): number {
  const { host, user, pid, startedAt } = holder;
  const row = db.get<{ id: number }>(
    `INSERT INTO acts (environment, context, act, profile_id, order_id, card_token, kiosk_id, reason, selection, host,
       user, holder_pid, holder_started_at, started_at)
     VALUES (:environment, :context, :action, :profileId, :orderId, :cardToken, :kioskId, :reason, :selection, :host, :user,
       :pid, :startedAt, :at)
     RETURNING id`,
    { ...act, selection: act.selection ?? null, environment, host, user, pid, startedAt },
  );
  return row?.id ?? 0;
}

export function endAction(db: Database, id: number, end: ActionEnd): void {
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

/**
 * A retry goes where the failed attempt was, unless it is told otherwise, and a card may be named by its order: then only
 * the attempt of the act names kiosk and card.
 */
const KIOSK = 'COALESCE(acts.kiosk_id, attempts.kiosk_id)';
const CARD = 'COALESCE(acts.card_token, attempts.card_token)';

/** The newest ones that fit, oldest first. */
export function listActions(db: Database, environment: string, filter: ActionFilter): KeptAction[] {
  const { conditions, parameters } = conditionsOf(filter);
  const where = ['acts.environment = :environment', ...conditions].join(' AND ');
  return db.all<KeptAction>(
    `SELECT * FROM (
       SELECT acts.id, acts.act AS action, acts.context, acts.profile_id AS "profileId", acts.order_id AS "orderId",
         ${CARD} AS "cardToken", ${KIOSK} AS "kioskId", acts.reason, acts.selection, acts.user, acts.host,
         acts.started_at AS "startedAt", acts.ended_at AS "endedAt", acts.exit_code AS "exitCode",
         acts.attempt_id AS "attemptId", attempts.correlation_id AS "correlationId",
         COALESCE(acts.trace_id, attempts.trace_id) AS "traceId", acts.holder_pid AS "holderPid",
         acts.holder_started_at AS "holderStartedAt"
       FROM acts LEFT JOIN attempts ON attempts.id = acts.attempt_id
       WHERE ${where} ORDER BY acts.id DESC LIMIT :limit
     ) AS newest ORDER BY id`,
    { ...parameters, environment, limit: filter.limit ?? -1 },
  );
}

function conditionsOf({
  actions,
  card,
  kioskIds,
  user,
  host,
  selection,
  isFailed,
  since,
  until,
}: ActionFilter) {
  const conditions: string[] = [];
  const parameters: Parameters = {};
  const add = (condition: string, more: Parameters = {}) => {
    conditions.push(condition);
    Object.assign(parameters, more);
  };
  const oneOf = (column: string, name: string, values: readonly string[]) =>
    add(
      `${column} IN (${values.map((_, index) => `:${name}${index}`).join(', ')})`,
      Object.fromEntries(values.map((value, index) => [`${name}${index}`, value])),
    );
  if (actions) oneOf('acts.act', 'act', actions);
  if (kioskIds) oneOf(KIOSK, 'kiosk', kioskIds);
  if (card) add(`(${CARD} = :cardToken OR acts.order_id = :orderId)`, { ...card });
  if (user !== undefined) add('acts.user = :user', { user });
  if (host !== undefined) add('acts.host = :host', { host });
  if (selection !== undefined) add('acts.selection = :selection', { selection });
  if (isFailed) add('(acts.exit_code IS NULL OR acts.exit_code <> 0)');
  if (since !== undefined) add('acts.started_at >= :since', { since });
  if (until !== undefined) add('acts.started_at < :until', { until });
  return { conditions, parameters };
}

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
