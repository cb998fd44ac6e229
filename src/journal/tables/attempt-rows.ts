import { randomUUID } from 'node:crypto';
import type { Value } from '../../database/database.ts';
import { ATTEMPT_FIELDS, type Attempt, OUTCOMES } from '../../domain/attempt.ts';
import type { CardToken } from '../../domain/ids.ts';
import type { SettleWindow } from '../../domain/times/settle-window.ts';
import { insertList, OWNER_FIELDS, ownerColumns, selectList } from '../store/columns.ts';
import { present, type Scope } from '../store/store.ts';
import { knownWord, parseStored } from '../store/stored-json.ts';
import { parseProduction } from './cards.ts';

/** Initial values of the fields that a claim does not have yet. */
export const EMPTY = {
  origin: 'ours',
  outcome: 'claimed',
  baseline: null,
  production: null,
  sentAt: null,
  settleWindow: null,
  closedAt: null,
  reason: null,
  correlationId: null,
  traceId: null,
  httpStatus: null,
  endCode: null,
} as const satisfies Partial<Attempt>;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of this very object
const FIELDS = Object.keys(ATTEMPT_FIELDS) as (keyof Attempt)[];

const COLUMN_FIELDS = FIELDS.flatMap((field): readonly string[] =>
  ATTEMPT_FIELDS[field].kind === 'owner' ? OWNER_FIELDS : [field],
);

/** A row that `attemptColumns` selects. */
export type AttemptRow = Readonly<Record<`attempt.${string}`, Value>>;

/** Returns a SELECT list of all columns of an attempt, with prefixed names. */
export function attemptColumns(table: string): string {
  return selectList(COLUMN_FIELDS, { table, prefix: 'attempt.' });
}

export function toAttempt(row: AttemptRow): Attempt {
  const attempt = Object.fromEntries(FIELDS.map((field) => [field, readField(row, field)]));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a value for each field
  return attempt as unknown as Attempt;
}

function readField(row: AttemptRow, field: keyof Attempt): unknown {
  const value = row[`attempt.${field}`];
  switch (ATTEMPT_FIELDS[field].kind) {
    case 'value':
      return field === 'outcome' ? knownWord(value, OUTCOMES) : value;
    case 'production':
      return typeof value === 'string' ? parseProduction(value) : null;
    case 'window':
      return typeof value === 'string'
        ? parseStored<SettleWindow>(value, 'start', 'hasEnded', 'isOver')
        : null;
    case 'owner':
      return {
        host: row['attempt.holderHost'],
        user: row['attempt.holderUser'],
        pid: row['attempt.holderPid'],
        startedAt: row['attempt.holderStartedAt'],
        boot: row['attempt.holderBoot'],
        namespace: row['attempt.holderNamespace'],
      };
  }
}

const SELECT = `SELECT ${attemptColumns('attempts')} FROM attempts`;
const OF_CARD = 'environment = :environment AND card_token = :cardToken';

export async function findAttempt({ db }: Scope, id: string): Promise<Attempt | null> {
  const row = await db.get<AttemptRow>(`${SELECT} WHERE id = :id`, { id });
  return row ? toAttempt(row) : null;
}

export async function findOpenAttempt(
  { db, environment }: Scope,
  cardToken: CardToken,
): Promise<Attempt | null> {
  const row = await db.get<AttemptRow>(`${SELECT} WHERE ${OF_CARD} AND closed_at IS NULL`, {
    environment,
    cardToken,
  });
  return row ? toAttempt(row) : null;
}

export async function findLatestAttempt(
  { db, environment }: Scope,
  cardToken: CardToken,
): Promise<Attempt | null> {
  const row = await db.get<AttemptRow>(
    `${SELECT} WHERE ${OF_CARD} AND outcome <> 'claimed' ORDER BY number DESC LIMIT 1`,
    { environment, cardToken },
  );
  return row ? toAttempt(row) : null;
}

export async function listAttempts({ db, environment }: Scope, cardToken: CardToken): Promise<Attempt[]> {
  const rows = await db.all<AttemptRow>(
    `${SELECT} WHERE ${OF_CARD} AND outcome <> 'claimed' ORDER BY number`,
    { environment, cardToken },
  );
  return rows.map(toAttempt);
}

/** Inserts the next attempt of a card. */
export async function insertAttempt(
  { db, environment }: Scope,
  fields: Omit<Attempt, 'id' | 'number'>,
): Promise<Attempt> {
  const latest = await db.get<{ number: number }>(
    `SELECT COALESCE(max(number), 0) AS number FROM attempts WHERE ${OF_CARD}`,
    { environment, cardToken: fields.cardToken },
  );
  const attempt = { ...fields, id: randomUUID(), number: present(latest).number + 1 };
  const { owner, baseline, production, settleWindow, ...values } = attempt;
  await db.run(`INSERT INTO attempts ${insertList([...COLUMN_FIELDS, 'environment'])}`, {
    ...values,
    ...ownerColumns(owner),
    baseline: baseline && JSON.stringify(baseline),
    production: production && JSON.stringify(production),
    settleWindow: settleWindow && JSON.stringify(settleWindow),
    environment,
  });
  return attempt;
}

/** Swaps the numbers of a claim and the attempt inserted after it, so that the claim is the last one. */
export async function moveBehind({ db }: Scope, claim: Attempt, other: Attempt): Promise<void> {
  const renumber = async (id: string, number: number) =>
    db.run('UPDATE attempts SET number = :number WHERE id = :id', { id, number });
  await renumber(claim.id, other.number + 1);
  await renumber(other.id, claim.number);
  await renumber(claim.id, other.number);
}

/** Stores a settle window, unless another process has changed it since the attempt was read. */
export async function recordWindow(
  { db }: Scope,
  { id, settleWindow }: Attempt,
  window: SettleWindow,
): Promise<boolean> {
  const before = settleWindow && JSON.stringify(settleWindow);
  const { changes } = await db.run(
    `UPDATE attempts SET settle_window = :window
     WHERE id = :id AND closed_at IS NULL AND COALESCE(settle_window, '') = COALESCE(:before, '')`,
    { id, before, window: JSON.stringify(window) },
  );
  return changes === 1;
}
