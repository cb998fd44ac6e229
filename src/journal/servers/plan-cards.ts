import type { Statement } from '../../database/database.ts';
import type { CardToken } from '../../domain/ids.ts';
import type { CardResult } from '../../domain/results.ts';
import { insertList, selectList } from '../store/columns.ts';
import type { Scope } from '../store/store.ts';
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

export async function savePlanCard(
  { db, environment }: Scope,
  { id, number }: { id: string; number: number },
  result: CardResult,
): Promise<void> {
  await db.run(
    `UPDATE plan_cards SET result = :result, exit_code = :exitCode
     WHERE environment = :environment AND plan_id = :id AND number = :number`,
    { environment, id, number, ...resultColumns(result) },
  );
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

/**
 * SQL condition for sending a card of a plan: this process carries it out, the journal was not restored, and nobody has
 * put the kiosk on hold since the approval, even if that hold has ended.
 */
export const MAY_SEND = `EXISTS (
  SELECT 1 FROM plans JOIN identity ON identity.generation = plans.generation
  WHERE plans.environment = attempts.environment AND plans.id = :plan AND plans.state = 'running'
    AND plans.connection = :lease AND NOT EXISTS (
      SELECT 1 FROM holds WHERE holds.environment = plans.environment AND holds.kiosk_id = :kioskId
        AND holds.id > plans.last_hold))`;

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
