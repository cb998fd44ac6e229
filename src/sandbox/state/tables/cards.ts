import type { SqliteConnection } from '../../../database/sqlite.ts';
import type { Page } from './orders.ts';

export type CardStatus = 'ACTIVE' | 'INACTIVE' | 'FROZEN' | 'BLOCKED';

export interface Card {
  token: string;
  profileId: number;
  orderId: number;
  status: CardStatus;
  lastFourDigits: string;
  createdAt: number;
  modifiedAt: number;
}

export const CARDS_TABLE = `
CREATE TABLE cards (
  token TEXT PRIMARY KEY,
  profile_id INTEGER NOT NULL,
  order_id INTEGER NOT NULL UNIQUE,
  status TEXT NOT NULL,
  last_four_digits TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL
);
`;

const SELECT = `SELECT token, profile_id AS profileId, order_id AS orderId, status,
  last_four_digits AS lastFourDigits, created_at AS createdAt, modified_at AS modifiedAt FROM cards`;

export function insertCard(
  db: SqliteConnection,
  card: Omit<Card, 'createdAt' | 'modifiedAt'> & { at: number },
): void {
  db.run(
    `INSERT INTO cards (token, profile_id, order_id, status, last_four_digits, created_at, modified_at)
     VALUES (:token, :profileId, :orderId, :status, :lastFourDigits, :at, :at)`,
    { ...card },
  );
}

export function findCard(db: SqliteConnection, token: string): Card | undefined {
  return db.get<Card>(`${SELECT} WHERE token = :token`, { token });
}

/** Lists the cards of a profile, newest first. */
export function listCards(db: SqliteConnection, profileId: number, page: Page): Card[] {
  return db.all<Card>(
    `${SELECT} WHERE profile_id = :profileId ORDER BY order_id DESC LIMIT :size OFFSET :skip`,
    { profileId, size: page.size, skip: (page.number - 1) * page.size },
  );
}

export function countCards(db: SqliteConnection, profileId: number): number {
  const sql = 'SELECT COUNT(*) AS count FROM cards WHERE profile_id = :profileId';
  return db.get<{ count: number }>(sql, { profileId })?.count ?? 0;
}

export function updateCardStatus(
  db: SqliteConnection,
  token: string,
  { status, at }: { status: CardStatus; at: number },
): void {
  db.run('UPDATE cards SET status = :status, modified_at = :at WHERE token = :token', { token, status, at });
}
