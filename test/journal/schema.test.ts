// The schema of the journal is the same in both dialects.
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { JOURNAL_SCHEMA, SERVER_SCHEMA } from '../../src/journal/open-journal.ts';
import { PRIVILEGES } from '../../src/journal/server-roles.ts';
import { createSchema } from '../../src/journal/server-schema.ts';
import { POSTGRES_MIGRATIONS } from '../../src/journal/tables/migrations/postgres.ts';
import { MIGRATIONS } from '../../src/journal/tables/migrations/sqlite.ts';
import { makeSchema, newAddress, openTestSession, testWithPostgres } from '../harness/postgres.ts';

interface Column {
  table: string;
  column: string;
  isRequired: number;
}

/** Only a file can be overwritten in place. */
const OF_FILES = [
  'identity.main_file',
  'identity.epoch',
  'identity.checkpoint',
  'identity.moved_to',
  'identity.moved_at',
];
/** A file has its version in its header, and is opened at its path. */
const OF_SERVERS = [
  'schema_versions.version',
  'schema_versions.oldest_program',
  'schema_versions.created_at',
  'identity.place',
];
/** Only a server can have the records of other journals. A file has the rate limits in another one beside it. */
const TABLES_OF_SERVERS = new Set(['moved_journals', 'shared_rates']);

function columnsOfFile(): Column[] {
  const db = new DatabaseSync(':memory:');
  for (const script of MIGRATIONS) db.exec(script);
  const rows = db
    .prepare(
      `SELECT m.name AS "table", c.name AS "column", max(c."notnull", c.pk > 0) AS "isRequired"
       FROM sqlite_master AS m, pragma_table_info(m.name) AS c
       WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`,
    )
    .all();
  db.close();
  return rows as unknown as Column[];
}

function indexesOfFile(): string[] {
  const db = new DatabaseSync(':memory:');
  for (const script of MIGRATIONS) db.exec(script);
  const rows = db.prepare("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").all();
  db.close();
  return rows.map(({ name }) => String(name)).toSorted();
}

const named = (columns: readonly Column[], without: readonly string[]) =>
  columns
    .map(({ table, column, isRequired }) => `${table}.${column}${isRequired === 1 ? ' NOT NULL' : ''}`)
    .filter((column) => !without.includes(column.replace(' NOT NULL', '')))
    .toSorted();

testWithPostgres('a journal in PostgreSQL has the tables, columns and indexes of one in a file', async () => {
  const address = await makeSchema();
  const session = await openTestSession(address);
  const { rows: columns } = await session.run<Column>(
    `SELECT table_name AS "table", column_name AS "column", CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END AS "isRequired"
     FROM information_schema.columns WHERE table_schema = :schema`,
    { schema: address.schema },
  );
  const shared = columns.filter(({ table }) => !TABLES_OF_SERVERS.has(table));
  expect(named(shared, OF_SERVERS)).toEqual(named(columnsOfFile(), OF_FILES));
  expect(Object.keys(PRIVILEGES).toSorted()).toEqual(
    [...new Set(columns.map(({ table }) => table))].toSorted(),
  );
  const { rows: indexes } = await session.run<{ name: string }>(
    `SELECT indexname AS name FROM pg_indexes WHERE schemaname = :schema AND indexname NOT LIKE '%_key'
       AND indexname NOT LIKE '%_pkey'`,
    { schema: address.schema },
  );
  expect(indexes.map(({ name }) => name).toSorted()).toEqual(indexesOfFile());
});

testWithPostgres('a schema that two processes create at once is created once', async () => {
  const address = newAddress();
  const sessions = [await openTestSession(address), await openTestSession(address)];
  const before = await Promise.all(sessions.map(createSchema));
  expect(new Set(before.map((change) => change.before))).toEqual(new Set([0, JOURNAL_SCHEMA]));
});

test('the versions of both schemas have the same numbers', () => {
  expect(POSTGRES_MIGRATIONS.at(-1)?.version).toBe(JOURNAL_SCHEMA);
  const versions = POSTGRES_MIGRATIONS.map(({ version }) => version);
  expect(versions).toEqual(versions.map((_, index) => JOURNAL_SCHEMA - versions.length + 1 + index));
});

test('a schema version only adds to the one before, as long as the programs of that one can use it', () => {
  const { oldest } = SERVER_SCHEMA;
  expect(POSTGRES_MIGRATIONS.map(({ version }) => version)).toContain(oldest);
  const additions = POSTGRES_MIGRATIONS.filter(({ version, oldestProgram }) => version > oldestProgram);
  expect(additions.map(({ version }) => version)).toContain(JOURNAL_SCHEMA);
  for (const { version, script } of additions)
    expect(script, `version ${version}`).not.toMatch(
      /\b(DROP|RENAME|TRUNCATE|DELETE FROM|ALTER COLUMN|REVOKE)\b/i,
    );
});
