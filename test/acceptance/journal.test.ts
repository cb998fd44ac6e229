// The journal as a whole: shown, backed up and restored, with real files and other processes that use it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, type TestContext, test } from 'vitest';
import { deliver, EventSigner } from '../harness/events.ts';
import { expectError, oneDocument, User } from '../harness/program.ts';
import { ListenerProcess } from '../harness/served.ts';

const HARNESS = join(import.meta.dirname, '../harness');

interface Place {
  user: User;
  file: string;
  backup: string;
}

/** A user whose journal knows some actions and a backup of it that lacks the last one. */
async function newPlace(context: TestContext): Promise<Place> {
  const user = new User();
  context.onTestFinished(() => user.leave());
  const [file, backup] = [join(user.home, 'journal.db'), join(user.home, 'backup.db')];
  await user.run('kiosk hold WIS00001 --reason one');
  expect((await user.run(`journal backup ${backup}`)).code).toBe(0);
  await user.run('kiosk hold WIS00002 --reason two');
  return { user, file, backup };
}

function read<Row>(file: string, sql: string): Row[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare(sql).all() as Row[];
  } finally {
    db.close();
  }
}

function write(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

/** The reasons of all actions in a journal. */
function reasonsIn(file: string): (string | null)[] {
  return read<{ reason: string | null }>(file, 'SELECT reason FROM acts ORDER BY id').map(
    ({ reason }) => reason,
  );
}

describe.concurrent('journal backup', () => {
  test('journal backup copies a consistent journal while another process writes to it', async (context) => {
    const { user, file } = await newPlace(context);
    const writer = spawn(process.execPath, [join(HARNESS, 'other-process.ts'), 'act', file]);
    context.onTestFinished(() => void writer.kill('SIGKILL'));
    let written = 0;
    createInterface({ input: writer.stdout }).on('line', (line) => (written = Number(line)));
    await once(writer.stdout, 'data');
    for (const name of ['a.db', 'b.db', 'c.db']) {
      const before = written;
      const copy = join(user.home, name);
      expect(oneDocument(await user.run(`journal backup ${copy} --json`))).toMatchObject({ file: copy });
      expect(written).toBeGreaterThan(before);
      expect(read(copy, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
      const [row] = read<{ count: number; last: number }>(
        copy,
        'SELECT count(*) AS count, max(id) AS last FROM acts',
      );
      expect(row?.count).toBe(row?.last);
      expect(row?.last).toBeGreaterThanOrEqual(before);
    }
    expect(writer.exitCode).toBeNull();
  });

  test('journal backup writes one file for its owner only, and records the time', async (context) => {
    const { user, backup } = await newPlace(context);
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect(readdirSync(user.home).filter((name) => name.startsWith('backup'))).toEqual(['backup.db']);
    const { journal } = oneDocument(await user.run('journal show --json'));
    expect(journal).toMatchObject({ backupFile: backup, backedUpAt: expect.stringMatching(/^20/) });
  });

  test('journal backup replaces an existing file only with --force, and never the journal itself', async (context) => {
    const { user, file, backup } = await newPlace(context);
    const error = { code: 2, error: 'invalid-input' };
    expectError(await user.run(`journal backup ${backup} --json`), {
      ...error,
      message: /exists/,
      hint: /--force/,
    });
    expect(reasonsIn(backup)).toEqual(['one']);
    expect((await user.run(`journal backup ${backup} --force`)).code).toBe(0);
    expect(reasonsIn(backup)).toEqual(['one', 'two']);
    for (const part of [file, `${file}-wal`]) {
      if (part !== file) writeFileSync(part, '');
      expectError(await user.run(`journal backup ${part} --force --json`), {
        ...error,
        message: /journal itself/,
      });
    }
    expect(reasonsIn(file)).toEqual(['one', 'two']);
  });

  test('journal backup into a missing folder suggests the next step', async (context) => {
    const { user } = await newPlace(context);
    const ended = await user.run(`journal backup ${join(user.home, 'no', 'backup.db')} --json`);
    expectError(ended, {
      code: 2,
      error: 'invalid-input',
      message: /its folder does not exist/,
      hint: /mkdir -p/,
    });
  });

  test('journal backup without a journal is refused', async (context) => {
    const user = new User();
    context.onTestFinished(() => user.leave());
    expectError(await user.run(`journal backup ${join(user.home, 'b.db')} --json`), {
      code: 9,
      error: 'journal-unusable',
      message: /There is no journal/,
    });
  });
});

describe.concurrent('journal restore', () => {
  test('journal restore installs the backup, keeps the replaced journal, and is recorded', async (context) => {
    const { user, file, backup } = await newPlace(context);
    const before = oneDocument(await user.run('journal show --json')).journal;
    const restored = oneDocument(
      await user.run(['journal', 'restore', backup, '--yes', '--reason', 'disk failed', '--json']),
    );
    expect(reasonsIn(file)).toEqual(['one', 'disk failed']);
    expect(restored.replaced).toMatch(/journal\.db\.replaced-20\d{6}T\d{9}Z$/);
    expect(reasonsIn(restored.replaced)).toEqual(['one', 'two']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { journal } = oneDocument(await user.run('journal show --json'));
    expect(journal).toMatchObject({ id: before.id, restoredAt: expect.stringMatching(/^20/) });
    expect(journal.generation).not.toBe(before.generation);
    expect(oneDocument(await user.run('log --action restore --json')).acts).toMatchObject([
      { act: 'restore', reason: 'disk failed', outcome: 'done' },
    ]);
    // A restore can be undone.
    expect((await user.run(['journal', 'restore', restored.replaced, '--yes'])).code).toBe(0);
    expect(reasonsIn(file)).toEqual(['one', 'two', null]);
  });

  test('journal restore is refused while a listener is running, and the listener continues', async (context) => {
    const { user, file, backup } = await newPlace(context);
    const signer = new EventSigner();
    writeFileSync(join(user.home, 'key.pem'), signer.publicKey);
    const env = { ...user.env, KIOSKCTL_ENVIRONMENT: 'sandbox' };
    const listener = await ListenerProcess.start(env, '--public-key', join(user.home, 'key.pem'));
    context.onTestFinished(() => void listener.child.kill('SIGKILL'));
    const ended = await user.run(`journal restore ${backup} --yes --json`, { env });
    expectError(ended, { code: 9, error: 'journal-in-use', message: /the listener at http/, hint: /Stop/ });
    expect(reasonsIn(file)).toEqual(['one', 'two']);
    expect(await deliver(listener.url, signer.event())).toBe(200);
    expect(read(file, 'SELECT 1 FROM events')).toHaveLength(1);
    expect(readdirSync(user.home).filter((name) => name.startsWith('journal.db.'))).toEqual([]);
  });

  test('journal restore prompts before it replaces anything', async (context) => {
    const { user, file, backup } = await newPlace(context);
    expectError(await user.run(`journal restore ${backup} --json`), {
      code: 2,
      error: 'input-required',
      message: /unknown/,
      hint: /--yes/,
    });
    expect(reasonsIn(file)).toEqual(['one', 'two']);
  });

  test.for<[string, (file: string, place: Place) => void, RegExp]>([
    ['does not exist', () => undefined, /does not exist/],
    ['is empty', (file) => writeFileSync(file, ''), /empty \(0 bytes\)/],
    ['is a folder', (file) => mkdirSync(file), /not a file/],
    ['is not a database', (file) => writeFileSync(file, 'no database '.repeat(900)), /not a database/],
    ['is a database of something else', (file) => write(file, 'CREATE TABLE t (x)'), /not a journal/],
    [
      'was written by a newer version',
      (file, { backup }) => {
        copyFileSync(backup, file);
        write(file, 'PRAGMA user_version = 99');
      },
      /newer version/,
    ],
    [
      'is damaged',
      (file, { backup }) => {
        const bytes = readFileSync(backup);
        bytes.fill(7, 4_096, 16_384);
        writeFileSync(file, bytes);
      },
      /is damaged/,
    ],
    [
      'is the sandbox',
      (file, { user }) => copyFileSync(join(user.home, 'sandbox.db'), file),
      /not a journal/,
    ],
  ])('refuses a file that %s', async ([, make, message], context) => {
    const place = await newPlace(context);
    const file = join(place.user.home, 'other.db');
    await place.user.run('order --wait');
    make(file, place);
    const ended = await place.user.run(`journal restore ${file} --yes --json`);
    expectError(ended, { code: 2, error: 'invalid-input', message });
    expect(reasonsIn(place.file)).toHaveLength(3);
  });

  test.for<[string, (file: string) => void]>([
    ['is missing', (file) => void existsSync(file)],
    ['was emptied', (file) => writeFileSync(file, '')],
    ['is no database any more', (file) => writeFileSync(file, 'no database '.repeat(900))],
  ])('replaces a journal that %s, with the log that was left', async ([name, damage], context) => {
    const { user, file, backup } = await newPlace(context);
    // The log of a killed process.
    copyFileSync(backup, `${file}-wal`);
    if (name === 'is missing') rmSync(file);
    else damage(file);
    const restored = oneDocument(await user.run(`journal restore ${backup} --yes --json`));
    expect(restored.replaced === null).toBe(name === 'is missing');
    expect(reasonsIn(file)).toEqual(['one', null]);
    expect(readdirSync(user.home).filter((one) => /replaced-.*-wal$/.test(one))).toHaveLength(1);
  });

  test('journal restore of a backup with production records requires a production context', async (context) => {
    const { user, backup } = await newPlace(context);
    write(
      backup,
      `INSERT INTO attempts (id, number, environment, profile_id, card_token, origin, outcome, holder_host, holder_user,
         holder_pid, claimed_at, closed_at)
       VALUES ('a', 1, 'production', 1, 't', 'ours', 'accepted', 'h', 'u', 1, 1, 1)`,
    );
    expectError(await user.run(`journal restore ${backup} --yes --json`), {
      code: 9,
      error: 'not-confirmed',
      message: /production/,
    });
    const words = ['journal', 'restore', backup, '--environment', 'production', '--yes', '--json'];
    expectError(await user.run(words), { code: 9, error: 'not-confirmed', hint: /--confirm production/ });
    expect((await user.run([...words, '--confirm', 'production', '--reason', 'why'])).code).toBe(0);
  });

  test('a journal restore that is killed at any moment leaves a complete old or new journal', async (context) => {
    const { user, file, backup } = await newPlace(context);
    const copies = join(user.home, 'copies');
    mkdirSync(copies);
    const words = [
      '--import',
      join(HARNESS, 'kill-at.ts'),
      user.binary,
      'journal',
      'restore',
      backup,
      '--yes',
    ];
    const restoring = user.start([...words, '--reason', 'killed'], { env: { COPY_TO: copies } });
    expect(await once(restoring, 'close')).toEqual([0, null]);
    const moments = readdirSync(copies).toSorted((one, other) => Number(one) - Number(other));
    expect(moments.length).toBeGreaterThan(20);
    const left = [...moments.map((moment) => join(copies, moment, 'journal.db')), file];
    const seen = new Set<string>();
    for (const one of left) {
      expect(existsSync(one), one).toBe(true);
      expect(read(one, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
      seen.add(JSON.stringify(reasonsIn(one)));
    }
    expect([...seen]).toEqual([JSON.stringify(['one', 'two']), JSON.stringify(['one', 'killed'])]);
  });
});

test('the drafts of a killed backup and a killed restore are deleted by later ones, once nobody writes to them', async (context) => {
  const { user, backup } = await newPlace(context);
  const copy = join(user.home, 'copy.db');
  const killed = async (step: number, ...args: string[]) => {
    const words = ['--import', join(HARNESS, 'kill-at.ts'), user.binary, 'journal', ...args];
    await once(user.start(words, { env: { KILL_AT: String(step) } }), 'close');
  };
  const drafts = () =>
    readdirSync(user.home).filter((name) =>
      /^(journal|copy)\.db\.(\d+\.[\da-f-]{36}|[\da-f]{8}\.tmp)/.test(name),
    );
  const ofBoth = ['copy.db', 'journal.db'];
  const named = () => [...new Set(drafts().map((name) => name.replace(/(\.db).*/, '$1')))].toSorted();
  for (const step of [4, 8, 12, 16]) await killed(step, 'restore', backup, '--yes', '--reason', 'killed');
  for (const step of [2, 4, 8, 12]) await killed(step, 'backup', copy, '--force');
  expect(named()).toEqual(ofBoth);
  const again = async () => {
    expect((await user.run(`journal backup ${copy} --force`)).code).toBe(0);
    expect((await user.run(`journal restore ${backup} --yes`)).code).toBe(0);
  };
  await again();
  expect(named()).toEqual(ofBoth);
  const before = new Date(Date.now() - 11 * 60_000);
  for (const name of drafts()) utimesSync(join(user.home, name), before, before);
  await again();
  expect(drafts()).toEqual([]);
}, 60_000);

test('a command that waited for a restore to end does not use the replaced journal', async (context) => {
  const { user, file, backup } = await newPlace(context);
  const lock = new DatabaseSync(file);
  lock.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY');
  lock.exec('BEGIN EXCLUSIVE; COMMIT');
  const hold = user.start([user.binary, 'kiosk', 'hold', 'WIS00003', '--reason', 'late', '--json']);
  let stdout = '';
  hold.stdout?.on('data', (chunk) => void (stdout += String(chunk)));
  const closed = once(hold, 'close');
  await hasOpened(hold, file);
  renameSync(file, `${file}.old`);
  copyFileSync(backup, file);
  lock.close();
  expect(await closed).toEqual([9, null]);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'journal-replaced' } });
  expect(reasonsIn(`${file}.old`)).toEqual(['one', 'two']);
  expect(readdirSync(user.home).filter((name) => name.startsWith('journal.db-'))).toEqual([]);
});

/** Waits until a process has opened a file. */
async function hasOpened({ pid }: ChildProcess, file: string): Promise<void> {
  const folder = `/proc/${pid}/fd`;
  const isOpen = () =>
    readdirSync(folder).some((name) => {
      try {
        return readlinkSync(join(folder, name)) === file;
      } catch {
        return false;
      }
    });
  while (!isOpen()) await new Promise((resolve) => setImmediate(resolve));
}

test('journal show names who uses the journal, and works while it is used', async (context) => {
  const { user, file } = await newPlace(context);
  const env = { ...user.env, KIOSKCTL_ENVIRONMENT: 'sandbox' };
  const signer = new EventSigner();
  writeFileSync(join(user.home, 'key.pem'), signer.publicKey);
  const listener = await ListenerProcess.start(env, '--public-key', join(user.home, 'key.pem'));
  context.onTestFinished(() => void listener.child.kill('SIGKILL'));
  const shown = oneDocument(await user.run('journal show --json', { env }));
  expect(shown).toMatchObject({
    file,
    journal: {
      openAttempts: 0,
      restoredAt: null,
      listeners: [{ url: listener.url, isRunning: true }],
      leases: [],
    },
  });
  const { stdout } = await user.run('journal show', { env });
  expect(stdout).toMatch(new RegExp(`last backup: .*backup\\.db\n(.*\n)*listener: +${listener.url}`));
});

describe.concurrent('a journal that is set', () => {
  test('a configured journal in a missing folder is an error with the next step, and the folder is not created', async (context) => {
    const { user, backup } = await newPlace(context);
    const file = join(user.home, 'disk', 'journal.db');
    const env = { KIOSKCTL_JOURNAL: file, KIOSKCTL_ENVIRONMENT: 'sandbox' };
    for (const args of [
      'kiosk hold WIS00001 --reason x',
      'journal show',
      `journal restore ${backup} --yes`,
    ]) {
      const ended = await user.run(`${args} --json`, { env });
      expectError(ended, {
        code: 9,
        error: 'journal-unusable',
        message: /does not exist/,
        hint: /mkdir -m 700 -p/,
      });
    }
    expect(existsSync(join(user.home, 'disk'))).toBe(false);
    mkdirSync(join(user.home, 'disk'));
    expect((await user.run('kiosk hold WIS00001 --reason x', { env })).code).toBe(0);
    expect(reasonsIn(file)).toEqual(['x']);
  });

  test('a journal that a context sets is used by its commands, and named by doctor, journal show and retry', async (context) => {
    const { user } = await newPlace(context);
    const file = join(user.home, 'own.db');
    expect((await user.run('context add bank --environment sandbox')).code).toBe(0);
    expect((await user.run(`context set journal ${file} --context bank`)).code).toBe(0);
    expectError(await user.run('context add here --environment local --journal /tmp/a.db --json'), {
      code: 2,
      error: 'usage',
      message: /local always uses the default journal/,
    });
    await user.run('kiosk hold WIS00001 --reason x --context bank');
    expect(reasonsIn(file)).toEqual(['x']);
    expect(oneDocument(await user.run('journal show --context bank --json'))).toMatchObject({ file });
    const { stdout } = await user.run('doctor --offline --context bank');
    expect(stdout).toMatch(new RegExp(`journal +${file}: .*, id [0-9a-f]{16}, last backup: never`));
    const retried = await user.run('retry 1001/501 --no-input --context bank', {
      env: { KIOSKCTL_TOKEN: 't' },
    });
    expect(retried.stderr).toContain(`only for attempts recorded in this journal (${file})`);
    const selected = await user.run('retry --kiosk WIS00001 --no-input --context bank', {
      env: { KIOSKCTL_TOKEN: 't' },
    });
    expect(selected.stderr).toContain(`only for attempts recorded in this journal (${file})`);
  });
});
