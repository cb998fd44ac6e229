import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../src/domain/errors/failure.ts';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import { known, Stand, TOKEN } from './stand.ts';

const KEY = parseCardToken('054064c9-e01e-49fb-8fd9-b0990b9442f4');

let stand: Stand;

beforeEach(() => {
  stand = new Stand();
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
  const db = new DatabaseSync(stand.file);
  const found = db.prepare(`SELECT * FROM ${table} ORDER BY 1`).all();
  db.close();
  return found.map((row) => ({ ...row }));
}

describe('a journal that can not be used', () => {
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
    spoil(stand.file);
    const before = statSync(stand.file).isFile() ? readFileSync(stand.file) : null;
    const failure = failureOf(stand.file);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'journal-unusable', message: expect.stringContaining(stand.file) });
    expect(failure.hint).toContain('KIOSKCTL_HOME');
    if (before) expect(readFileSync(stand.file)).toEqual(before);
  });
});

describe('the idempotency key of an order', () => {
  const request = { profileId: 1001, idempotencyKey: KEY, fingerprint: 'f1', orderId: null };

  test('is there for the next command, and later with its order', async () => {
    const journal = stand.open();
    expect(await journal.findOrderRequest(1001, KEY)).toBeNull();
    await journal.recordOrderRequest(request, stand.now);
    expect(await stand.open().findOrderRequest(1001, KEY)).toEqual(request);
    await journal.recordOrderRequest({ ...request, orderId: 501 }, stand.now + 5);
    expect(await stand.open().findOrderRequest(1001, KEY)).toEqual({ ...request, orderId: 501 });
  });

  test('keeps its order and its data when it is recorded again', async () => {
    const journal = stand.open();
    await journal.recordOrderRequest({ ...request, orderId: 501 }, stand.now);
    await journal.recordOrderRequest({ ...request, fingerprint: 'f2' }, stand.now);
    expect(await journal.findOrderRequest(1001, KEY)).toEqual({ ...request, orderId: 501 });
  });

  test('belongs to its profile and its environment', async () => {
    const journal = stand.open();
    await journal.recordOrderRequest(request, stand.now);
    await journal.recordOrderRequest({ ...request, profileId: 7, fingerprint: 'f7' }, stand.now);
    expect(await journal.findOrderRequest(7, KEY)).toMatchObject({ fingerprint: 'f7' });
    expect(await journal.findOrderRequest(8, KEY)).toBeNull();
    expect(await stand.open('production').findOrderRequest(1001, KEY)).toBeNull();
  });
});

describe('an act', () => {
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

  test('says who did what and why before it is done, and how it ended', async () => {
    const journal = stand.open();
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

  test('ends once, and keeps the order that it began with', async () => {
    const journal = stand.open();
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

test('forgetting takes the cards, attempts and keys of one environment, and nothing of another', async () => {
  const [mine, theirs] = [stand.open('local'), stand.open('production')];
  for (const journal of [mine, theirs]) {
    await journal.rememberCard(known(), stand.now);
    await stand.sent(journal);
    await journal.recordOrderRequest(
      { profileId: 1001, idempotencyKey: KEY, fingerprint: 'f', orderId: 501 },
      1,
    );
  }
  await mine.forget();
  expect(await mine.listCards()).toEqual([]);
  expect(await mine.latestAttempt(TOKEN)).toBeNull();
  expect(await mine.findOrderRequest(1001, KEY)).toBeNull();
  expect((await mine.claim(stand.claim())).claimed).toBe(true);
  expect(await theirs.listCards()).toHaveLength(1);
  expect(await theirs.latestAttempt(TOKEN)).toMatchObject({ outcome: 'sent' });
  expect(await theirs.findOrderRequest(1001, KEY)).not.toBeNull();
});

test('what is written is on the disk: another process that opens the file sees it', async () => {
  const sent = await stand.sent(stand.open());
  const copy = new Stand();
  const source = new DatabaseSync(stand.file, { readOnly: true });
  source.exec(`VACUUM INTO '${join(copy.folder, 'journal.db')}'`);
  source.close();
  expect(await copy.open().latestAttempt(TOKEN)).toEqual(sent);
});
