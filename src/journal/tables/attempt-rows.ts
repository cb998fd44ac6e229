import { randomUUID } from 'node:crypto';
import type { Statement, Value } from '../../database/database.ts';
import { ATTEMPT_FIELDS, type Attempt, OPEN_OUTCOMES, OUTCOMES, type Outcome } from '../../domain/attempt.ts';
import type { FailureCode } from '../../domain/errors/failure.ts';
import type { CardToken } from '../../domain/ids.ts';
import type { Production } from '../../domain/production.ts';
import type { SettleWindow } from '../../domain/times/settle-window.ts';
import { columnOf, insertList, OWNER_FIELDS, ownerColumns, selectList } from '../store/columns.ts';
import { lostLease } from '../store/lease-renewal.ts';
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

/** Returns a SELECT list of all columns of an attempt, with prefixed names. */
export function attemptColumns(table: string): string {
  return selectList(COLUMN_FIELDS, { table, prefix: 'attempt.' });
}

/** Each field with the place of its first column. */
const PLACES = FIELDS.map((field) => {
  const { kind } = ATTEMPT_FIELDS[field];
  return { field, kind, place: COLUMN_FIELDS.indexOf(kind === 'owner' ? OWNER_FIELDS[0] : field) };
});

/**
 * Returns the attempt in a row of values; null if the row has none. Long lists spend much time here.
 * @param start place of the first column of `attemptColumns`
 */
export function attemptAt(values: readonly Value[], start = 0): Attempt | null {
  if (values[start] === null) return null;
  const attempt: Partial<Record<keyof Attempt, unknown>> = {};
  for (const { field, kind, place } of PLACES) {
    const value = values[start + place] ?? null;
    attempt[field] = kind === 'value' || value === null ? value : DECODE[kind](values, start + place);
  }
  knownWord(attempt.outcome, OUTCOMES);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a value for each field
  return attempt as Attempt;
}

/** Decodes the fields that are not stored as they are, from the place of their first column, which is not null. */
const DECODE = {
  production: (row: readonly Value[], place: number) => parseProduction(String(row[place])),
  window: (row: readonly Value[], place: number) =>
    parseStored<SettleWindow>(String(row[place]), 'start', 'hasEnded', 'isOver'),
  owner: (row: readonly Value[], place: number) => {
    const [host, user, pid, startedAt, boot, namespace] = row.slice(place, place + OWNER_FIELDS.length);
    return { host, user, pid, startedAt, boot, namespace };
  },
};

const SELECT = `SELECT ${attemptColumns('attempts')} FROM attempts`;
const OF_CARD = 'environment = :environment AND card_token = :cardToken';

/** Returns the statement that reads an attempt. */
export function attemptQuery(id: string): Statement {
  return { sql: `${SELECT} WHERE id = :id`, parameters: { id } };
}

/** Returns the statement that reads the open attempt of a card. */
export function openAttemptQuery(card: { environment: string; cardToken: CardToken }): Statement {
  return { sql: `${SELECT} WHERE ${OF_CARD} AND closed_at IS NULL`, parameters: card };
}

/** Returns the attempts in rows with the columns of `attemptColumns` only. */
export function attemptsIn(rows: readonly unknown[] = []): Attempt[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns of these statements
  return (rows as Record<string, Value>[]).map((row) => present(attemptAt(Object.values(row))));
}

export async function findAttempt({ db }: Scope, id: string): Promise<Attempt | null> {
  const { sql, parameters } = attemptQuery(id);
  return attemptsIn(await db.all(sql, parameters))[0] ?? null;
}

export async function findOpenAttempt(
  { db, environment }: Scope,
  cardToken: CardToken,
): Promise<Attempt | null> {
  const { sql, parameters } = openAttemptQuery({ environment, cardToken });
  return attemptsIn(await db.all(sql, parameters))[0] ?? null;
}

export async function findLatestAttempt(
  { db, environment }: Scope,
  cardToken: CardToken,
): Promise<Attempt | null> {
  const sql = `${SELECT} WHERE ${OF_CARD} AND outcome <> 'claimed' ORDER BY number DESC LIMIT 1`;
  return attemptsIn(await db.all(sql, { environment, cardToken }))[0] ?? null;
}

export async function listAttempts({ db, environment }: Scope, cardToken: CardToken): Promise<Attempt[]> {
  const sql = `${SELECT} WHERE ${OF_CARD} AND outcome <> 'claimed' ORDER BY number`;
  return attemptsIn(await db.all(sql, { environment, cardToken }));
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
  await db.run(`INSERT INTO attempts ${insertList([...COLUMN_FIELDS, 'environment'])}`, {
    ...columnsOf(attempt),
    number: attempt.number,
    environment,
  });
  return attempt;
}

const CLAIMED = [...COLUMN_FIELDS.filter((field) => field !== 'number'), 'environment', 'lease'];

/** Inserts the next attempt of a card, unless one is open or the lease is lost. */
const INSERT_CLAIM = `INSERT INTO attempts (${CLAIMED.map(columnOf).join(', ')}, number)
  SELECT ${CLAIMED.map((field) => `:${field}`).join(', ')},
    (SELECT COALESCE(max(number), 0) + 1 FROM attempts WHERE ${OF_CARD})
  WHERE NOT EXISTS (SELECT 1 FROM attempts WHERE ${OF_CARD} AND closed_at IS NULL)
    AND EXISTS (SELECT 1 FROM leases WHERE environment = :environment AND subject = :subject AND owner = :lease)`;

/** Returns the statement that inserts a claim, unless an attempt is open or the lease is lost. */
export function claimInsertion({
  environment,
  lease,
  subject,
  ...attempt
}: Omit<Attempt, 'number'> & { environment: string; lease: string; subject: string }): Statement {
  return { sql: INSERT_CLAIM, parameters: { ...columnsOf(attempt), environment, lease, subject } };
}

function columnsOf({ owner, baseline, production, settleWindow, ...values }: Omit<Attempt, 'number'>) {
  return {
    ...values,
    ...ownerColumns(owner),
    baseline: baseline && JSON.stringify(baseline),
    production: production && JSON.stringify(production),
    settleWindow: settleWindow && JSON.stringify(settleWindow),
  };
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

/** Changes of an attempt. Omitted fields stay unchanged. */
export interface AttemptUpdate {
  outcome: Outcome;
  production?: Production | null;
  traceId?: string | null;
  httpStatus?: number | null;
  endCode?: FailureCode | null;
  /** Set by the sender after its request has ended. */
  settleWindow?: SettleWindow;
  /** The expected current window. If another process has changed it, the update does nothing. */
  onlyIfWindow?: SettleWindow;
  at: number;
}

/** Returns the statement that changes an attempt. A closed attempt stays unchanged. */
export function updateStatement(
  id: string,
  { outcome, production, traceId, httpStatus, endCode, settleWindow, onlyIfWindow, at }: AttemptUpdate,
): Statement {
  const isFinal = !OPEN_OUTCOMES.some((open) => open === outcome);
  return {
    sql: `UPDATE attempts SET outcome = :outcome, production = COALESCE(:production, production),
       trace_id = COALESCE(:traceId, trace_id), http_status = COALESCE(:httpStatus, http_status),
       end_code = :endCode, settle_window = COALESCE(:settleWindow, settle_window), closed_at = :closedAt
     WHERE id = :id AND closed_at IS NULL AND COALESCE(settle_window, '') = COALESCE(:onlyIfWindow, settle_window, '')`,
    parameters: {
      id,
      outcome,
      onlyIfWindow: onlyIfWindow ? JSON.stringify(onlyIfWindow) : null,
      production: production ? JSON.stringify(production) : null,
      traceId: traceId ?? null,
      httpStatus: httpStatus ?? null,
      endCode: endCode ?? null,
      settleWindow: settleWindow ? JSON.stringify(settleWindow) : null,
      closedAt: isFinal ? at : null,
    },
  };
}

/** Deletes a claim; an attempt that was sent remains. */
export async function deleteClaim({ db }: Scope, id: string): Promise<void> {
  await db.run("DELETE FROM attempts WHERE id = :id AND outcome = 'claimed'", { id });
}

/**
 * Turns an attempt that was not sent into a claim again, unless another process may be settling it.
 * @param lease id of the open journal that recorded it
 * @throws Failure `leased` if the lease on the card was lost
 */
export async function takeBack({ db }: Scope, { id, cardToken }: Attempt, lease: string): Promise<void> {
  const { changes } = await db.run(
    `UPDATE attempts SET outcome = 'claimed', baseline = NULL, sent_at = NULL, correlation_id = NULL,
       settle_window = NULL
     WHERE id = :id AND outcome = 'sent' AND EXISTS (
       SELECT 1 FROM leases WHERE leases.environment = attempts.environment AND owner = :lease
         AND subject = 'card ' || attempts.card_token)`,
    { id, lease },
  );
  if (changes !== 1) throw lostLease(`card ${cardToken}`);
}
