import type { Statements, Value } from '../database/database.ts';
import type { CardToken } from '../domain/ids.ts';
import { isSameProduction, latestOf } from '../domain/production.ts';
import type { PostgresSession } from '../postgres/session.ts';
import { openTransaction } from '../postgres/transaction.ts';
import type { FileRow } from './moved-file.ts';
import {
  findProduction,
  findRow,
  type KnownCard,
  parseProduction,
  rememberCard,
  setProduction,
} from './tables/cards.ts';

/** Merges the cards of a file into the cards of a database. */
export async function mergeCards(session: PostgresSession, rows: readonly FileRow[]): Promise<void> {
  const db = openTransaction(session, Promise.resolve({ id: '', at: 0 }));
  for (const row of rows) await mergeCard(db, row);
}

async function mergeCard(db: Statements, row: FileRow): Promise<void> {
  const scope = { db, environment: String(row.environment) };
  const card = cardOf(row);
  const orderSeenAt = numberOf(row.order_seen_at);
  const known = await findRow(scope, card);
  const isLater = (orderSeenAt ?? 0) > (known?.orderSeenAt ?? 0);
  const orderStatus = isLater || !known?.orderStatus ? (card.orderStatus ?? null) : null;
  await rememberCard(scope, {
    card: { ...card, orderStatus },
    at: numberOf(row.first_seen_at) ?? 0,
    orderSeenAt,
  });
  const production = parseProduction(textOf(row.production));
  if (card.cardToken === null || production === null) return;
  const before = await findProduction(scope, card.cardToken);
  const latest = latestOf(before, production);
  if (isSameProduction(latest, before)) return;
  const at = numberOf(row.changed_at) ?? 0;
  await setProduction(scope, { cardToken: card.cardToken, production: latest, at });
}

function cardOf(row: FileRow): KnownCard {
  return {
    profileId: Number(row.profile_id),
    orderId: numberOf(row.order_id),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the journal
    cardToken: textOf(row.card_token) as CardToken | null,
    cardCreatedAt: textOf(row.card_created_at),
    deliveryOption: textOf(row.delivery_option),
    orderStatus: textOf(row.order_status),
  };
}

function textOf(value: Value | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOf(value: Value | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
