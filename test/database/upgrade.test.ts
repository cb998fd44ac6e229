import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FileGuard, inodeOf } from '../../src/database/file-guard.ts';
import { SqliteConnection } from '../../src/database/sqlite.ts';
import { SqliteDatabase } from '../../src/database/sqlite-database.ts';

const FIRST = `
  CREATE TABLE identity (id TEXT, generation TEXT, main_file TEXT, epoch TEXT, checkpoint TEXT);
  INSERT INTO identity (id, generation) VALUES ('a', 'b');
  CREATE TABLE notes (text TEXT NOT NULL);`;

const fault = (reason: string) => new Error(reason);

const write = async (db: SqliteDatabase) => db.run('INSERT INTO notes (text) VALUES (:text)', { text: 'x' });

/** Opens a file like a version of kioskctl that knows these migrations. */
function open(file: string, migrations: string[]): SqliteDatabase {
  const opened = inodeOf(file);
  const connection = new SqliteConnection({ file, migrations, durability: 'full', fault });
  return new SqliteDatabase(connection, { guard: new FileGuard(connection, { file, opened, fault }) });
}

test.each([
  ['adds a column', 'ALTER TABLE notes ADD COLUMN author TEXT'],
  ['adds an index', 'CREATE INDEX notes_by_text ON notes (text)'],
  ['rewrites all rows', "UPDATE notes SET text = text || '!'"],
])(
  'a newer version that %s does not look like a replaced file to an older one that runs',
  async (_, migration) => {
    const folder = mkdtempSync(join(tmpdir(), 'kioskctl-upgrade-'));
    const file = join(folder, 'journal.db');
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const older = open(file, [FIRST]);
    const text = 'x'.repeat(2_000);
    await older.transaction(async (tx) => {
      // The log is long: at its next commit, SQLite itself would write it to the main file.
      for (let row = 0; row < 1_900; row += 1)
        await tx.run('INSERT INTO notes (text) VALUES (:text)', { text });
    });
    const newer = open(file, [FIRST, migration]);
    await write(older);
    await write(newer);
    await newer.close();
    await write(older);
    older.assertCurrent();
    expect(await older.get('SELECT COUNT(*) AS count FROM notes')).toEqual({ count: 1_903 });
    await older.close();
  },
);
