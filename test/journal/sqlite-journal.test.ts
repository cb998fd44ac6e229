import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../src/domain/errors/failure.ts';
import { emptyEvent, PRODUCTION_EVENT } from '../../src/domain/event.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import { SqliteFixture } from '../harness/journal.ts';
import { TOKEN } from '../harness/records.ts';

/** Bytes of a page of SQLite. */
const PAGE = 4_096;

let fixture: SqliteFixture;

beforeEach(() => {
  fixture = new SqliteFixture();
});

function failureOf(file: string): Failure {
  try {
    openSqliteJournal({ file, environment: 'sandbox', now: () => 0 });
  } catch (error) {
    return error as Failure;
  }
  throw new Error('it was opened');
}

function rows(table: string): Record<string, unknown>[] {
  const db = new DatabaseSync(fixture.file);
  const found = db.prepare(`SELECT * FROM ${table} ORDER BY 1`).all();
  db.close();
  return found.map((row) => ({ ...row }));
}

describe('a journal that cannot be used', () => {
  test.each<[string, (file: string) => void]>([
    ['no database', (file) => writeFileSync(file, 'x'.repeat(5_000))],
    ['a folder', (file) => mkdirSync(file)],
    [
      'of a newer version',
      (file) => {
        const db = new DatabaseSync(file);
        db.exec('CREATE TABLE cards (id); PRAGMA journal_mode = WAL; PRAGMA user_version = 99');
        db.close();
      },
    ],
  ])('is a failure that names the file and says what to do: %s', (_, spoil) => {
    spoil(fixture.file);
    const before = statSync(fixture.file).isFile() ? readFileSync(fixture.file) : null;
    const failure = failureOf(fixture.file);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({
      code: 'journal-unusable',
      message: expect.stringContaining(fixture.file),
    });
    expect(failure.hint).toMatch(/kioskctl journal restore <FILE>.*sent twice/);
    if (before) expect(readFileSync(fixture.file)).toEqual(before);
  });
});

describe('an action in the file', () => {
  const act = {
    action: 'produce',
    context: 'ci',
    profileId: 1001,
    orderId: null,
    cardToken: TOKEN,
    kioskId: parseKioskId('WIS00001'),
    reason: 'ticket 4711',
    at: 1_000,
  } as const;

  test('an action is recorded with user, reason and card before it starts, and with its result afterwards', async () => {
    const journal = fixture.open();
    const id = await journal.startAction(act);
    expect(rows('acts')).toEqual([
      expect.objectContaining({
        environment: 'sandbox',
        context: 'ci',
        act: 'produce',
        profile_id: 1001,
        card_token: TOKEN,
        kiosk_id: 'WIS00001',
        reason: 'ticket 4711',
        host: hostname(),
        user: userInfo().username,
        started_at: 1_000,
        ended_at: null,
        exit_code: null,
      }),
    ]);
    await journal.endAction(id, { exitCode: 4, at: 2_000, orderId: 501, attemptId: 'a1', traceId: 't1' });
    const ended = { exit_code: 4, ended_at: 2_000, order_id: 501, attempt_id: 'a1', trace_id: 't1' };
    expect(rows('acts')).toEqual([expect.objectContaining(ended)]);
  });

  test('an action ends once, and keeps the order with which it started', async () => {
    const journal = fixture.open();
    const id = await journal.startAction({ ...act, orderId: 501 });
    const other = await journal.startAction(act);
    await journal.endAction(id, { exitCode: 0, at: 2_000, orderId: null });
    await journal.endAction(id, { exitCode: 9, at: 3_000, orderId: 502 });
    expect(rows('acts')).toEqual([
      expect.objectContaining({ id, exit_code: 0, ended_at: 2_000, order_id: 501 }),
      expect.objectContaining({ id: other, exit_code: null, ended_at: null }),
    ]);
  });
});

test('a finished write is on the disk, so that another process sees it', async () => {
  const sent = await fixture.sent(fixture.open());
  const copy = new SqliteFixture();
  const source = new DatabaseSync(fixture.file, { readOnly: true });
  source.exec(`VACUUM INTO '${join(copy.folder, 'journal.db')}'`);
  source.close();
  expect(await copy.open().latestAttempt(TOKEN)).toEqual(sent);
});

test.each([
  { user: 'a command', isServer: false },
  { user: 'a server, whose webhooks wait for the checkpoint,', isServer: true },
])('after 2,000 pages, the write-ahead log of $user has 1,000 pages or few more', async ({ isServer }) => {
  const { file } = fixture;
  const journal = openSqliteJournal({ file, environment: 'sandbox', now: () => Date.now(), isServer });
  const body = Buffer.alloc(100 * PAGE, 'x');
  for (let event = 0; event < 20; event += 1)
    await journal.keepEvent({
      deliveryId: `delivery ${event}`,
      signature: null,
      body: Buffer.concat([body, Buffer.from(String(event))]),
      isTest: false,
      isVerified: false,
      receivedAt: event,
      event: emptyEvent(PRODUCTION_EVENT),
    });
  const pages = statSync(`${file}-wal`).size / PAGE;
  await journal.close();
  expect(pages).toBeGreaterThan(1_000);
  expect(pages).toBeLessThan(1_300);
});
