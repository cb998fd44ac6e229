import type { Holder } from '../../domain/attempt.ts';
import type { Database, Parameters } from '../../sqlite/database.ts';
import type { Act, ActEnd, ActFilter, ActRecord } from './records.ts';

export function insertAct(
  db: Database,
  environment: string,
  { act, holder }: { act: Act; holder: Holder },
): number {
  const row = db.get<{ id: number }>(
    `INSERT INTO acts (environment, context, act, profile_id, order_id, card_token, kiosk_id, reason, selection, host,
       user, started_at)
     VALUES (:environment, :context, :act, :profileId, :orderId, :cardToken, :kioskId, :reason, :selection, :host, :user, :at)
     RETURNING id`,
    { ...act, selection: act.selection ?? null, environment, host: holder.host, user: holder.user },
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

/** The newest ones that fit, oldest first. */
export function listActs(db: Database, environment: string, filter: ActFilter): ActRecord[] {
  const { conditions, parameters } = conditionsOf(filter);
  const where = ['acts.environment = :environment', ...conditions].join(' AND ');
  return db.all<ActRecord>(
    `SELECT * FROM (
       SELECT acts.id, acts.act, acts.context, acts.profile_id AS "profileId", acts.order_id AS "orderId",
         acts.card_token AS "cardToken", acts.kiosk_id AS "kioskId", acts.reason, acts.selection, acts.user, acts.host,
         acts.started_at AS "startedAt", acts.ended_at AS "endedAt", acts.exit_code AS "exitCode",
         acts.attempt_id AS "attemptId", attempts.correlation_id AS "correlationId",
         COALESCE(acts.trace_id, attempts.trace_id) AS "traceId"
       FROM acts LEFT JOIN attempts ON attempts.id = acts.attempt_id
       WHERE ${where} ORDER BY acts.id DESC LIMIT :limit
     ) AS newest ORDER BY id`,
    { ...parameters, environment, limit: filter.limit ?? -1 },
  );
}

function conditionsOf({ acts, card, kioskIds, user, selection, since, until }: ActFilter) {
  const conditions: string[] = [];
  const parameters: Parameters = {};
  const add = (condition: string, more: Parameters) => {
    conditions.push(condition);
    Object.assign(parameters, more);
  };
  const oneOf = (column: string, values: readonly string[]) =>
    add(
      `acts.${column} IN (${values.map((_, index) => `:${column}${index}`).join(', ')})`,
      Object.fromEntries(values.map((value, index) => [`${column}${index}`, value])),
    );
  if (acts) oneOf('act', acts);
  if (kioskIds) oneOf('kiosk_id', kioskIds);
  if (card) add('(acts.card_token = :cardToken OR acts.order_id = :orderId)', { ...card });
  if (user !== undefined) add('acts.user = :user', { user });
  if (selection !== undefined) add('acts.selection = :selection', { selection });
  if (since !== undefined) add('acts.started_at >= :since', { since });
  if (until !== undefined) add('acts.started_at < :until', { until });
  return { conditions, parameters };
}
