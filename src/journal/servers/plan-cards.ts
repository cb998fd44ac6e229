import type { Statement } from '../../database/database.ts';
import { PLAN_GAP_MS } from '../../detached/plan.ts';
import type { CardToken, KioskId } from '../../domain/ids.ts';
import type { CardResult } from '../../domain/results.ts';
import { insertList, selectList } from '../store/columns.ts';
import type { Scope, Store } from '../store/store.ts';
import { parseStored } from '../store/stored-json.ts';

export interface NewPlanCard {
  cardToken: CardToken | null;
  /** The card as it was approved. */
  record: object;
  /** Result of a card that is left out; null for a card to send. */
  result: CardResult | null;
}

/** A card of a plan. */
export interface PlanCard extends NewPlanCard {
  /** Number in the plan, from 1: its position. */
  number: number;
  /** The attempt that was sent for it last; null before. */
  attemptId: string | null;
}

export async function insertPlanCards(
  { db, environment }: Scope,
  id: string,
  cards: readonly NewPlanCard[],
): Promise<void> {
  for (const [index, { record, result, cardToken }] of cards.entries())
    await db.run(
      `INSERT INTO plan_cards ${insertList(['environment', 'planId', 'number', 'cardToken', 'record', 'result', 'exitCode'])}`,
      {
        environment,
        planId: id,
        number: index + 1,
        cardToken,
        record: JSON.stringify(record),
        ...resultColumns(result),
      },
    );
}

function resultColumns(result: CardResult | null) {
  return { result: result && JSON.stringify(result), exitCode: result?.exitCode ?? null };
}

/** Stores the result of a card. @returns false if another process has continued the plan meanwhile */
export async function savePlanCard(
  { db, environment, connection }: Store,
  { id, number }: { id: string; number: number },
  result: CardResult,
): Promise<boolean> {
  const { changes } = await db.run(
    `UPDATE plan_cards SET result = :result, exit_code = :exitCode
     WHERE environment = :environment AND plan_id = :id AND number = :number AND result IS NULL AND EXISTS (
       SELECT 1 FROM plans WHERE plans.environment = :environment AND plans.id = :id AND connection = :connection)`,
    { environment, id, number, connection, ...resultColumns(result) },
  );
  return changes === 1;
}

interface CardRow {
  number: number;
  cardToken: CardToken | null;
  attemptId: string | null;
  record: string;
  result: string | null;
}

export async function listPlanCards({ db, environment }: Scope, id: string): Promise<PlanCard[]> {
  const rows = await db.all<CardRow>(
    `SELECT ${selectList(['number', 'cardToken', 'attemptId', 'record', 'result'])} FROM plan_cards
     WHERE environment = :environment AND plan_id = :id ORDER BY number`,
    { environment, id },
  );
  return rows.map(({ record, result, ...row }) => ({
    ...row,
    record: parseStored<object>(record),
    result: result === null ? null : parseStored<CardResult>(result, 'outcome'),
  }));
}

/** A request for a card of a plan. */
export interface PlanSending {
  /** Id of the plan. */
  id: string;
  /** Uptime of this process with time in suspend, in milliseconds. */
  uptime: number;
}

/** SQL condition: the kiosk was put on hold since the approval of a plan, even if that hold has ended. */
const HELD_SINCE = `EXISTS (SELECT 1 FROM holds
  WHERE holds.environment = plans.environment AND holds.kiosk_id = :kioskId AND holds.id > plans.last_hold)`;

/** True if a kiosk was put on hold since the last approval of a plan, even if that hold has ended. */
export async function wasHeldSince(
  { db, environment }: Scope,
  id: string,
  kioskId: KioskId,
): Promise<boolean> {
  const held = `SELECT 1 FROM plans WHERE environment = :environment AND id = :id AND ${HELD_SINCE}`;
  return (await db.get(held, { environment, id, kioskId })) !== undefined;
}

/**
 * Returns the SQL condition for sending a card of a plan, and its parameters. This process carries the plan out and gave a
 * sign of life within the last minute, the journal was not restored, and the kiosk was not put on hold since the approval.
 */
export async function maySend({ db }: Store, { id: plan, uptime }: PlanSending) {
  const clock = await db.clockSql();
  const isRecent = clock === null ? 'TRUE' : `plans.beat_server >= ${clock} - ${PLAN_GAP_MS}`;
  const sql = `EXISTS (
    SELECT 1 FROM plans JOIN identity ON identity.generation = plans.generation
    WHERE plans.environment = attempts.environment AND plans.id = :plan AND plans.state = 'running'
      AND plans.connection = :lease AND plans.beat_uptime >= :beatLimit AND ${isRecent} AND NOT ${HELD_SINCE})`;
  return { sql, parameters: { plan, beatLimit: uptime - PLAN_GAP_MS } };
}

/** Returns the statement that records the attempt of a plan's card, if it was marked as sent. */
export function planCardSent(sent: {
  environment: string;
  plan: string;
  attemptId: string;
  correlationId: string;
}): Statement {
  return {
    sql: `UPDATE plan_cards SET attempt_id = :attemptId
      WHERE environment = :environment AND plan_id = :plan AND card_token = (
        SELECT card_token FROM attempts WHERE id = :attemptId AND outcome = 'sent' AND correlation_id = :correlationId)`,
    parameters: sent,
  };
}
