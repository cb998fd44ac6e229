import type { Value } from '../database/database.ts';
import { failure } from '../domain/errors/failure.ts';
import type { PostgresSession } from '../postgres/session.ts';
import { mergeCards } from './moved-cards.ts';
import type { FileRow, MovedFile } from './moved-file.ts';
import { becomeOwner } from './server-roles.ts';

/** Number of moved rows, by table. */
type MovedCounts = Readonly<Record<string, number>>;

export interface MovedRows {
  counts: MovedCounts;
  /** True if this call copied the rows; false if an earlier one did. */
  isNew: boolean;
}

interface MovedTable {
  name: string;
  /** `shifted`: ids of the file, plus an offset. `new`: the database assigns ids. `none`: other keys identify rows. */
  ids: 'shifted' | 'new' | 'none';
  /** Replaces `ON CONFLICT DO NOTHING` for rows that the database has already. */
  conflict?: string;
  /** @param offsets the differences of ids, by table */
  change?: (row: FileRow, offsets: Readonly<Record<string, number>>) => FileRow;
}

/**
 * Added to the numbers of the file's attempts, so that they differ from the numbers in the database until all attempts
 * are numbered again.
 */
const NUMBER_OFFSET = 1_000_000;

const TABLES: readonly MovedTable[] = [
  { name: 'cards', ids: 'new' },
  {
    name: 'attempts',
    ids: 'none',
    change: ({ number, ...row }) => ({ ...row, number: Number(number) + NUMBER_OFFSET, lease: null }),
  },
  {
    name: 'order_requests',
    ids: 'none',
    conflict: `ON CONFLICT (environment, profile_id, idempotency_key)
      DO UPDATE SET order_id = COALESCE(order_requests.order_id, excluded.order_id)`,
  },
  { name: 'acts', ids: 'shifted', change: shiftAct('approval') },
  { name: 'events', ids: 'shifted' },
  {
    name: 'holds',
    ids: 'new',
    // Of two holds on a kiosk, the longer one counts.
    conflict: `ON CONFLICT (environment, kiosk_id) WHERE released_at IS NULL DO UPDATE SET ends_at = CASE
      WHEN holds.ends_at IS NULL OR excluded.ends_at IS NULL THEN NULL ELSE greatest(holds.ends_at, excluded.ends_at) END`,
  },
  {
    name: 'listenings',
    ids: 'new',
    change: (row) => ({ ...row, ended_at: row.ended_at ?? row.heartbeat_at ?? null }),
  },
  { name: 'notices', ids: 'none' },
  {
    name: 'outbox',
    ids: 'new',
    change: ({ event_id: id = null, ...row }, { events = 0 }) => ({
      ...row,
      event_id: id === null ? null : Number(id) + events,
    }),
  },
  {
    name: 'outbox_targets',
    ids: 'none',
    conflict: `ON CONFLICT (environment, name) DO UPDATE SET seen_at = greatest(outbox_targets.seen_at, excluded.seen_at)`,
  },
  { name: 'runs', ids: 'none' },
  { name: 'run_cards', ids: 'none' },
  // An open plan is cancelled by the generation of its journal.
  { name: 'plans', ids: 'none', change: shiftAct('approved_act') },
  { name: 'plan_cards', ids: 'none' },
];

/** Returns a function that shifts the id of an action in a column. */
function shiftAct(column: string): NonNullable<MovedTable['change']> {
  return (row, { acts = 0 }) => {
    const id = row[column] ?? null;
    return id === null ? row : { ...row, [column]: Number(id) + acts };
  };
}

/** Counts the rows of a file that a move copies. */
function countMoved(file: MovedFile): MovedCounts {
  return Object.fromEntries(TABLES.map(({ name }) => [name, file.count(name)]));
}

/**
 * Copies the rows of a file in the open transaction, unless an earlier move did. Ids of the file get an offset, which
 * `moved_journals` stores by the id of the file.
 * @throws Failure `attempt-open` if the database has an open attempt on a card of the file, `journal-moved` if it has
 * another copy of the file
 */
export async function moveRows(
  session: PostgresSession,
  { file, at }: { file: MovedFile; at: number },
): Promise<MovedRows> {
  const { id, generation, restoredAt } = file.identity;
  const counts = countMoved(file);
  if (await findMove(session, { file, counts })) return { counts, isNew: false };
  await assertNoOpenAttempt(session, file);
  await becomeOwner(session);
  const offsets: Record<string, number> = {};
  await pauseForwarding(session, true);
  for (const table of TABLES) {
    offsets[table.name] = table.ids === 'shifted' ? await findLastId(session, table.name) : 0;
    await copyTable(session, { table, file, offsets });
  }
  await pauseForwarding(session, false);
  await numberAttempts(session);
  if (restoredAt !== null) await markRestored(session, restoredAt);
  await session.run(
    `INSERT INTO moved_journals (id, generation, counts, act_offset, event_offset, moved_at)
     VALUES (:id, :generation, :counts, :acts, :events, :at)`,
    {
      id,
      generation,
      counts: JSON.stringify(counts),
      acts: offsets.acts ?? 0,
      events: offsets.events ?? 0,
      at: Math.trunc(at),
    },
  );
  return { counts, isNew: true };
}

/** True if the file was moved before. @throws Failure `journal-moved` for another copy of the file */
async function findMove(
  session: PostgresSession,
  { file, counts }: { file: MovedFile; counts: MovedCounts },
): Promise<boolean> {
  const { id, generation } = file.identity;
  const { rows } = await session.run<{ generation: string; counts: string }>(
    'SELECT generation, counts FROM moved_journals WHERE id = :id',
    { id },
  );
  const [moved] = rows;
  if (!moved) return false;
  if (moved.generation === generation && moved.counts === JSON.stringify(counts)) return true;
  throw failure(
    'journal-moved',
    `Another copy of the journal ${file.path} (id ${id}) was moved already, with other records.`,
    'Move the file that was in use last. Nothing was changed.',
  );
}

async function assertNoOpenAttempt(session: PostgresSession, file: MovedFile): Promise<void> {
  const { rows } = await session.run<{ environment: string; cardToken: string }>(
    'SELECT environment, card_token AS "cardToken" FROM attempts WHERE closed_at IS NULL',
  );
  const open = rows.find(({ environment, cardToken }) => file.knowsCard(environment, cardToken));
  if (!open) return;
  throw failure(
    'attempt-open',
    `An attempt on card ${open.cardToken} of the file is open in the journal of the team.`,
    `Wait for its result, then run the command again: kioskctl wait-produced ${open.cardToken}`,
  );
}

/** Events of the file are not queued for targets of the database: only what waits in the file is. */
async function pauseForwarding(session: PostgresSession, isPaused: boolean): Promise<void> {
  await session.run('UPDATE outbox_targets SET is_paused = :isPaused', { isPaused: Number(isPaused) });
  // Of an event that both journals had, the database has its own row.
  if (!isPaused)
    await session.run(
      `DELETE FROM outbox WHERE kind = 'event' AND NOT EXISTS (SELECT 1 FROM events WHERE events.id = event_id)`,
    );
}

/** Returns the last id that the database has assigned in a table. */
async function findLastId(session: PostgresSession, table: string): Promise<number> {
  const { rows } = await session.run<{ last: number | null }>(
    "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:table, 'id') AS regclass)) AS last",
    { table: `"${session.schema}".${table}` },
  );
  return rows[0]?.last ?? 0;
}

async function copyTable(
  session: PostgresSession,
  { table, file, offsets }: { table: MovedTable; file: MovedFile; offsets: Readonly<Record<string, number>> },
): Promise<void> {
  for (const rows of file.batches(table.name)) {
    const changed = rows.map((row) => changeRow(row, table, offsets));
    const inserted = await insertRows(session, table, changed);
    if (table.name === 'cards' && inserted < rows.length) await mergeCards(session, changed);
  }
  if (table.ids !== 'shifted') return;
  // Ids that the database assigns continue after those of the file.
  await session.run(
    `SELECT setval(CAST(pg_get_serial_sequence(:table, 'id') AS regclass), max(id)) FROM ${table.name}
     HAVING max(id) IS NOT NULL`,
    { table: `"${session.schema}".${table.name}` },
  );
}

function changeRow(
  row: FileRow,
  { name, ids, change }: MovedTable,
  offsets: Readonly<Record<string, number>>,
): FileRow {
  const { id = null, ...fields } = change ? change(row, offsets) : row;
  if (ids === 'new') return fields;
  if (ids === 'shifted') return { id: Number(id) + (offsets[name] ?? 0), ...fields };
  return id === null ? fields : { id, ...fields };
}

/** Inserts rows in one statement. @returns the number of rows that the database did not have */
async function insertRows(
  session: PostgresSession,
  { name, conflict = 'ON CONFLICT DO NOTHING' }: MovedTable,
  rows: readonly FileRow[],
): Promise<number> {
  const columns = Object.keys(rows[0] ?? {});
  const marks = `(${columns.map(() => '?').join(', ')})`;
  const { changes } = await session.run(
    `INSERT INTO ${name} (${columns.map((column) => `"${column}"`).join(', ')})
     VALUES ${rows.map(() => marks).join(', ')} ${conflict}`,
    rows.flatMap((row) => columns.map((column): Value => row[column] ?? null)),
  );
  return changes;
}

/** Numbers all attempts of the file's cards by their time, including the attempts that the database had before. */
async function numberAttempts(session: PostgresSession): Promise<void> {
  const cards = `SELECT environment, card_token FROM attempts WHERE number > ${NUMBER_OFFSET}`;
  // Numbers must be unique at any moment, so the first step uses negative numbers.
  await session.run(
    `UPDATE attempts SET number = -numbered.number FROM (
       SELECT id, row_number() OVER (PARTITION BY environment, card_token ORDER BY claimed_at, number) AS number
       FROM attempts WHERE (environment, card_token) IN (${cards})
     ) AS numbered WHERE attempts.id = numbered.id`,
  );
  await session.run('UPDATE attempts SET number = -number WHERE number < 0');
}

/** Copies the restore mark of a file: each of its cards waits before it is sent. */
async function markRestored(session: PostgresSession, restoredAt: number): Promise<void> {
  await session.run('UPDATE identity SET restored_at = COALESCE(restored_at, :restoredAt)', { restoredAt });
  await session.run('DELETE FROM restore_waits');
}
