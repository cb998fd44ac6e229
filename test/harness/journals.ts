// All implementations of the journal. Each contract test runs with each of them.
import { tmpdir } from 'node:os';
import { expect } from 'vitest';
import { type Fixture, SqliteFixture } from './journal.ts';
import { obstacle, PostgresFixture } from './postgres.ts';
import { recordNotTried } from './suite/end-of-run.ts';

interface JournalKind {
  name: string;
  makeFixture: () => Promise<Fixture>;
}

const FILE: JournalKind = {
  name: 'a journal in a SQLite file',
  makeFixture: async () => Promise.resolve(new SqliteFixture()),
};

const POSTGRES: JournalKind = {
  name: 'a journal in PostgreSQL',
  makeFixture: async () => PostgresFixture.make(),
};

if (obstacle !== null)
  recordNotTried(tmpdir(), {
    file: expect.getState().testPath ?? '',
    test: `the contract of ${POSTGRES.name} (${obstacle})`,
  });

export const JOURNALS: readonly JournalKind[] = obstacle === null ? [FILE, POSTGRES] : [FILE];
