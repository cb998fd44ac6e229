import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IN_MEMORY, SqliteConnection } from '../../src/database/sqlite.ts';

const OTHER_PROCESS = join(import.meta.dirname, '../harness/other-process.ts');
/** Scripts that fail or leave a trace when they run twice. */
const COUNTER = [
  'CREATE TABLE counter (n INTEGER NOT NULL); INSERT INTO counter VALUES (0); CREATE TABLE runs (script INTEGER); INSERT INTO runs VALUES (1);',
  'ALTER TABLE counter ADD COLUMN label TEXT; INSERT INTO runs VALUES (2);',
] as const;

class Fault extends Error {}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kioskctl-sqlite-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function open(file: string, migrations: readonly string[] = COUNTER): SqliteConnection {
  const db = new SqliteConnection({
    file,
    migrations,
    durability: 'full',
    fault: (reason, fix) => new Fault([reason, fix].filter(Boolean).join(': ')),
  });
  onTestFinished(() => db.close());
  return db;
}

function faultOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

function count(db: SqliteConnection): number | undefined {
  return db.get<{ n: number }>('SELECT n FROM counter')?.n;
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

async function processes(number: number, file: string, times: number): Promise<(number | null)[]> {
  const children = Array.from({ length: number }, () =>
    spawn(process.execPath, [OTHER_PROCESS, 'count', file, JSON.stringify(COUNTER), String(times)], {
      stdio: 'ignore',
    }),
  );
  return Promise.all(children.map(exitCode));
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

describe('several processes', () => {
  test('processes that open a new file at the same time migrate it once, and lose no write', async () => {
    const file = join(folder(), 'new.db');
    expect(await processes(6, file, 20)).toEqual([0, 0, 0, 0, 0, 0]);
    const db = open(file);
    expect(count(db)).toBe(120);
    expect(db.all<{ script: number }>('SELECT script FROM runs ORDER BY rowid')).toEqual([
      { script: 1 },
      { script: 2 },
    ]);
  });

  test('processes that open an older file at the same time migrate it once, and keep its data', async () => {
    const file = join(folder(), 'old.db');
    const old = open(file, COUNTER.slice(0, 1));
    old.run('UPDATE counter SET n = 7');
    old.close();
    expect(await processes(4, file, 1)).toEqual([0, 0, 0, 0]);
    const db = open(file);
    expect(count(db)).toBe(11);
    expect(db.all('SELECT script FROM runs')).toHaveLength(2);
  });

  test('processes leave no other files next to the database', async () => {
    const path = folder();
    expect(await processes(3, join(path, 'only.db'), 1)).toEqual([0, 0, 0]);
    expect(readdirSync(path)).toEqual(['only.db']);
  });

  test('a process waits for another one that writes', () => {
    const file = join(folder(), 'shared.db');
    const [one, two] = [open(file), open(file)];
    expect(two.get<{ timeout: number }>('PRAGMA busy_timeout')?.timeout).toBe(5_000);
    one.transaction(() => {
      one.run('UPDATE counter SET n = 1');
      // A reader is not kept waiting, and sees what was committed.
      expect(count(two)).toBe(0);
    });
    expect(count(two)).toBe(1);
  });
});

test('files and folders of a database are for their owner only, whatever the umask', async () => {
  const path = folder();
  const file = join(path, 'a', 'b', 'state.db');
  const holder = `
    import { SqliteConnection } from ${JSON.stringify(join(import.meta.dirname, '../../src/database/sqlite.ts'))};
    const db = new SqliteConnection({ file: ${JSON.stringify(file)}, migrations: ['CREATE TABLE t (n)'], durability: 'full', fault: (why) => new Error(why) });
    db.run('INSERT INTO t VALUES (1)');
    console.log('open');
    process.stdin.resume();`;
  writeFileSync(join(path, 'holder.ts'), holder);
  const child = spawn('sh', ['-c', `umask 0; exec "${process.execPath}" "${join(path, 'holder.ts')}"`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  const modes = Object.fromEntries(
    readdirSync(join(path, 'a', 'b')).map((name) => [name, modeOf(join(path, 'a', 'b', name))]),
  );
  child.stdin.end();
  expect(await exitCode(child)).toBe(0);
  expect(modes).toEqual({ 'state.db': '600', 'state.db-shm': '600', 'state.db-wal': '600' });
  expect([modeOf(join(path, 'a')), modeOf(join(path, 'a', 'b'))]).toEqual(['700', '700']);
});

describe('durability', () => {
  test('full durability flushes each commit, and the file is in WAL mode', () => {
    const db = open(join(folder(), 'full.db'));
    expect(db.get('PRAGMA synchronous')).toEqual({ synchronous: 2 });
    expect(db.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
  });
});

describe('migrations', () => {
  test('a file of a newer version is refused, and not changed', () => {
    const file = join(folder(), 'newer.db');
    const newer = open(file, [...COUNTER, 'CREATE TABLE later (n)']);
    newer.run('UPDATE counter SET n = 42');
    newer.close();
    const before = readFileSync(file);
    const fault = faultOf(() => open(file));
    expect(fault).toBeInstanceOf(Fault);
    expect(fault.message).toContain('newer version');
    expect(readFileSync(file)).toEqual(before);
    expect(count(open(file, [...COUNTER, 'CREATE TABLE later (n)']))).toBe(42);
  });

  test('a migration that fails changes nothing, and leaves no lock', () => {
    const file = join(folder(), 'failing.db');
    const first = COUNTER.slice(0, 1);
    open(file, first).close();
    const broken = 'INSERT INTO runs VALUES (9); CREATE TABLE counter (n)';
    expect(faultOf(() => open(file, [...first, broken]))).toBeInstanceOf(Error);
    const db = open(file, first);
    db.run('PRAGMA busy_timeout = 10');
    expect(db.run('UPDATE counter SET n = 1').changes).toBe(1);
    expect(db.all('SELECT script FROM runs')).toEqual([{ script: 1 }]);
    expect(db.get('PRAGMA user_version')).toEqual({ user_version: 1 });
  });

  test('migrations are not applied again', () => {
    const file = join(folder(), 'again.db');
    for (let turn = 0; turn < 3; turn += 1) open(file).close();
    expect(open(file).all('SELECT script FROM runs')).toHaveLength(2);
  });
});

describe('a transaction', () => {
  test('a transaction that throws is rolled back completely, and throws the same error', () => {
    const db = open(join(folder(), 'rollback.db'));
    const thrown = new TypeError('no');
    const fail = () =>
      db.transaction(() => {
        db.run('UPDATE counter SET n = 5');
        throw thrown;
      });
    expect(faultOf(fail)).toBe(thrown);
    expect(count(db)).toBe(0);
    expect(db.transaction(() => db.run('UPDATE counter SET n = 6').changes)).toBe(1);
    expect(count(db)).toBe(6);
  });

  test('an invalid statement in a transaction is a bug, and not an error of the file', () => {
    const db = open(join(folder(), 'bug.db'));
    const fault = faultOf(() => db.run('UPDATE nothing SET n = 1'));
    expect(fault).not.toBeInstanceOf(Fault);
    expect(fault.message).toContain('nothing');
    expect(faultOf(() => db.run('INSERT INTO counter VALUES (NULL, NULL)'))).not.toBeInstanceOf(Fault);
  });
});

/** Overwrites all pages of a database but the first. */
function damage(file: string): void {
  const db = open(file);
  for (let n = 0; n < 500; n += 1) db.run('INSERT INTO runs VALUES (:n)', { n });
  db.close();
  const { size } = statSync(file);
  const handle = openSync(file, 'r+');
  for (let at = 4_096; at < size; at += 4_096) writeSync(handle, Buffer.alloc(4_096, 0xa5), 0, 4_096, at);
  closeSync(handle);
}

describe('a file that cannot be used', () => {
  test('a file that is no database is reported as unusable', () => {
    const file = join(folder(), 'text.db');
    writeFileSync(file, 'not a database, but long enough to be looked at as one. '.repeat(100));
    const before = readFileSync(file);
    expect(faultOf(() => open(file))).toMatchObject({ message: 'is not a database' });
    expect(readFileSync(file)).toEqual(before);
  });

  test('a file that is damaged inside is reported as unusable', () => {
    const file = join(folder(), 'damaged.db');
    damage(file);
    const read = () => open(file).all('SELECT * FROM runs, counter');
    expect(faultOf(read)).toMatchObject({ message: 'is damaged' });
  });

  test('a folder, and a path through a file, are reported as unusable', () => {
    const path = folder();
    writeFileSync(join(path, 'file'), '');
    expect(faultOf(() => open(path))).toBeInstanceOf(Fault);
    expect(faultOf(() => open(join(path, 'file', 'state.db')))).toBeInstanceOf(Fault);
  });

  test('a file that another process has locked is reported as unusable', () => {
    const file = join(folder(), 'locked.db');
    const db = open(file);
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    db.run('PRAGMA busy_timeout = 10');
    expect(faultOf(() => db.run('UPDATE counter SET n = 1'))).toMatchObject({
      message: 'is locked by another process',
    });
    other.close();
    expect(db.run('UPDATE counter SET n = 1').changes).toBe(1);
  });

  test('a file on a full disk is reported with its fix', () => {
    const db = open(join(folder(), 'full.db'));
    db.exec('PRAGMA max_page_count = 1');
    const fill = () => {
      for (let n = 0; n < 5_000; n += 1) db.run('INSERT INTO runs VALUES (:n)', { n });
    };
    expect(faultOf(fill)).toMatchObject({
      message: 'cannot be written: the disk is full: Free space on its disk',
    });
  });

  test('an empty file becomes a new database', () => {
    const file = join(folder(), 'empty.db');
    writeFileSync(file, '');
    expect(count(open(file))).toBe(0);
  });
});

test('an in-memory database needs no file, and ends when it is closed', () => {
  const db = open(IN_MEMORY);
  expect(count(db)).toBe(0);
  db.close();
  db.close();
  expect(count(open(IN_MEMORY))).toBe(0);
});
