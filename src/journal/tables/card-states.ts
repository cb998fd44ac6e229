import type { Database, Parameters } from '../../database/sqlite.ts';
import type { CardToken, KioskId } from '../../domain/ids.ts';
import type { Production } from '../../domain/production.ts';
import { parseVendorTime } from '../../domain/times/vendor-time.ts';
import { type AttemptRow, toAttempt } from './attempts.ts';
import { type CardRow, toKnownCard } from './cards.ts';
import type { CardState, CardStateFilter, KnownKiosk } from './records.ts';

interface StateRow extends CardRow {
  production: string | null;
  kiosk_id: KioskId | null;
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
SELECT c.id, c.profile_id, c.order_id, c.card_token, c.card_created_at, c.delivery_option, c.order_status, c.order_seen_at,
  c.production,
  c.kiosk_id, c.changed_at, ${ATTEMPT_COLUMNS.map((column) => `a.${column} AS attempt_${column}`).join(', ')}
FROM cards c
LEFT JOIN attempts a ON a.environment = c.environment AND a.card_token = c.card_token
  AND a.number = (SELECT max(number) FROM attempts
                  WHERE environment = c.environment AND card_token = c.card_token AND outcome <> 'claimed')`;

/** As the index of unfinished cards has it: an order that moved to one of these has no card to produce any more. */
const UNFINISHED = `COALESCE(production_status, '') <> 'PRODUCED'
  AND COALESCE(order_status, '') NOT IN ('PRODUCED', 'COMPLETED', 'CANCELLED', 'RETURNED')`;

/** An attempt that is open may still print, whatever the order says. */
const UNFINISHED_CARDS = `
SELECT id FROM cards WHERE environment = :environment AND ${UNFINISHED}
UNION SELECT cards.id FROM attempts JOIN cards ON cards.environment = attempts.environment
  AND cards.card_token = attempts.card_token
WHERE attempts.environment = :environment AND closed_at IS NULL AND outcome <> 'claimed'`;

export function listCardStates(db: Database, environment: string, filter: CardStateFilter): CardState[] {
  const { conditions, parameters } = conditionsOf(filter);
  const where = ['c.environment = :environment', ...conditions].join(' AND ');
  return db.all<StateRow>(`${SELECT} WHERE ${where}`, { ...parameters, environment }).map(toCardState);
}

/** What leaves out most cards comes first, as a list of ids: the latest attempt of each is looked for only then. */
function conditionsOf({ card, kioskIds, isUnfinished }: CardStateFilter) {
  const conditions: string[] = [];
  const parameters: Parameters = {};
  if (card) {
    conditions.push('(c.card_token = :cardToken OR c.order_id = :orderId)');
    Object.assign(parameters, card);
  }
  if (isUnfinished) conditions.push(`c.id IN (${UNFINISHED_CARDS})`);
  if (kioskIds) {
    kioskIds.forEach((kioskId, index) => (parameters[`kiosk${index}`] = kioskId));
    const names = kioskIds.map((_, index) => `:kiosk${index}`).join(', ');
    conditions.push(
      `c.id IN (SELECT id FROM cards WHERE environment = :environment AND kiosk_id IN (${names})
         UNION SELECT cards.id FROM attempts JOIN cards ON cards.environment = attempts.environment
           AND cards.card_token = attempts.card_token
         WHERE attempts.environment = :environment AND attempts.kiosk_id IN (${names}))`,
      `(c.kiosk_id IN (${names}) OR a.kiosk_id IN (${names}))`,
    );
  }
  return { conditions, parameters };
}

export function findProduction(db: Database, environment: string, cardToken: CardToken): Production | null {
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
  { cardToken, production, at }: { cardToken: CardToken; production: Production; at: number },
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

/** The kiosks that cards are at, or were at last, and those that attempts went to. */
export function listKiosks(db: Database, environment: string): KnownKiosk[] {
  return db.all<KnownKiosk>(
    `SELECT kiosk_id AS "kioskId", max(produced_at) AS "lastProducedAt" FROM (
       SELECT kiosk_id, max(CASE WHEN production_status = 'PRODUCED' THEN changed_at END) AS produced_at
       FROM cards WHERE environment = :environment GROUP BY kiosk_id
       UNION ALL SELECT DISTINCT kiosk_id, NULL FROM attempts WHERE environment = :environment
     ) AS visits WHERE kiosk_id IS NOT NULL GROUP BY kiosk_id`,
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
