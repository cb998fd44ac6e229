import type { Production } from '../../domain/production.ts';
import { parseVendorTime } from '../../domain/vendor-time.ts';
import type { Database, Parameters } from '../../sqlite/database.ts';
import { type AttemptRow, toAttempt } from './attempts.ts';
import { type CardRow, toKnownCard } from './cards.ts';
import type { CardState, CardStateFilter } from './records.ts';

interface StateRow extends CardRow {
  production: string | null;
  kiosk_id: string | null;
  changed_at: number | null;
}

/** The latest attempt's columns, under names of their own. */
const ATTEMPT_COLUMNS = [
  'id',
  'number',
  'profile_id',
  'order_id',
  'card_token',
  'kiosk_id',
  'origin',
  'outcome',
  'baseline',
  'production',
  'holder_host',
  'holder_user',
  'holder_pid',
  'holder_started_at',
  'claimed_at',
  'sent_at',
  'closed_at',
  'reason',
  'correlation_id',
  'trace_id',
] as const satisfies (keyof AttemptRow)[];

const SELECT = `
SELECT c.id, c.profile_id, c.order_id, c.card_token, c.card_created_at, c.delivery_option, c.order_status, c.production,
  c.kiosk_id, c.changed_at, ${ATTEMPT_COLUMNS.map((column) => `a.${column} AS attempt_${column}`).join(', ')}
FROM cards c
LEFT JOIN attempts a ON a.environment = c.environment AND a.card_token = c.card_token
  AND a.number = (SELECT max(number) FROM attempts
                  WHERE environment = c.environment AND card_token = c.card_token AND outcome <> 'claimed')`;

/** An order that moved to one of these has no card to produce any more. */
const ENDED = "('PRODUCED', 'COMPLETED', 'CANCELLED', 'RETURNED')";

export function listCardStates(db: Database, environment: string, filter: CardStateFilter): CardState[] {
  const { conditions, parameters } = conditionsOf(filter);
  const where = ['c.environment = :environment', ...conditions].join(' AND ');
  return db.all<StateRow>(`${SELECT} WHERE ${where}`, { ...parameters, environment }).map(toCardState);
}

function conditionsOf({ kioskIds, isUnfinished }: CardStateFilter) {
  const conditions: string[] = [];
  const parameters: Parameters = {};
  if (kioskIds) {
    const names = kioskIds.map((kioskId, index) => {
      parameters[`kiosk${index}`] = kioskId;
      return `:kiosk${index}`;
    });
    conditions.push(`(c.kiosk_id IN (${names.join(', ')}) OR a.kiosk_id IN (${names.join(', ')}))`);
  }
  if (isUnfinished) {
    // An attempt that is open may still print, whatever the order says.
    conditions.push(
      `(COALESCE(c.production_status, '') <> 'PRODUCED' AND COALESCE(c.order_status, '') NOT IN ${ENDED}
        OR (a.id IS NOT NULL AND a.closed_at IS NULL))`,
    );
  }
  return { conditions, parameters };
}

export function findProduction(db: Database, environment: string, cardToken: string): Production | null {
  const row = db.get<{ production: string | null }>(
    'SELECT production FROM cards WHERE environment = :environment AND card_token = :cardToken',
    { environment, cardToken },
  );
  return toProduction(row?.production ?? null);
}

/** @param at when it was heard of, for a production whose own time can't be read */
export function setProduction(
  db: Database,
  environment: string,
  { cardToken, production, at }: { cardToken: string; production: Production; at: number },
): void {
  db.run(
    `UPDATE cards SET production = :production, production_status = :status, kiosk_id = :kioskId, changed_at = :changedAt
     WHERE environment = :environment AND card_token = :cardToken`,
    {
      environment,
      cardToken,
      production: JSON.stringify(production),
      status: production.status,
      kioskId: production.kioskId,
      changedAt: parseVendorTime(production.occurredAt)?.milliseconds ?? at,
    },
  );
}

export function listLastProduced(db: Database, environment: string): { kioskId: string; at: number }[] {
  return db.all<{ kioskId: string; at: number }>(
    `SELECT kiosk_id AS kioskId, max(changed_at) AS at FROM cards
     WHERE environment = :environment AND production_status = 'PRODUCED' AND kiosk_id IS NOT NULL GROUP BY kiosk_id`,
    { environment },
  );
}

function toCardState(row: StateRow): CardState {
  return {
    ...toKnownCard(row),
    orderStatus: row.order_status,
    production: toProduction(row.production),
    changedAt: row.changed_at,
    attempt: toAttempt(attemptOf(row)),
  };
}

function attemptOf(row: StateRow): AttemptRow | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns of the statement above
  const columns = row as unknown as Record<string, AttemptRow[keyof AttemptRow]>;
  if (columns.attempt_id === null) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
  return Object.fromEntries(
    ATTEMPT_COLUMNS.map((column) => [column, columns[`attempt_${column}`]]),
  ) as unknown as AttemptRow;
}

function toProduction(json: string | null): Production | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module
  return json === null ? null : (JSON.parse(json) as Production);
}
