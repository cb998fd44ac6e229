// The audit trail in the file itself: nobody who reaches it can change what it says.
import { hostname } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { Journal, NewAction } from '../../src/journal/journal.ts';
import { SqliteFixture } from '../harness/journal.ts';
import { OTHER_TOKEN, TOKEN } from '../harness/records.ts';

let fixture: SqliteFixture;
let journal: Journal;

beforeEach(() => {
  fixture = new SqliteFixture();
  journal = fixture.open();
});

function action(more: Partial<NewAction> = {}): NewAction {
  const subject = { profileId: 1001, orderId: null, cardToken: TOKEN, kioskId: parseKioskId('WIS00001') };
  return { action: 'produce', context: 'ci', ...subject, reason: 'ticket 4711', at: 1_000, ...more };
}

function sql(statement: string): void {
  const db = new DatabaseSync(fixture.file);
  try {
    db.exec(statement);
  } finally {
    db.close();
  }
}

describe('whoever reaches the file can’t', () => {
  beforeEach(async () => {
    await journal.endAction(await journal.startAction(action()), { exitCode: 4, at: 2_000, traceId: 't' });
    await journal.startAction(action({ cardToken: OTHER_TOKEN }));
  });

  test.each([
    ['remove acts', 'DELETE FROM acts', 'acts are never removed'],
    ['remove one that goes on', 'DELETE FROM acts WHERE ended_at IS NULL', 'acts are never removed'],
    [
      'change one that ended',
      'UPDATE acts SET exit_code = 0 WHERE id = 1',
      'an act that ended is never changed',
    ],
    ['open one again', 'UPDATE acts SET ended_at = NULL WHERE id = 1', 'an act that ended is never changed'],
    [
      'change the reason of one that goes on',
      "UPDATE acts SET reason = 'x' WHERE id = 2",
      'the beginning of an act is never changed',
    ],
    [
      'change who does one',
      "UPDATE acts SET user = 'x' WHERE id = 2",
      'the beginning of an act is never changed',
    ],
    [
      'add a login to one',
      "UPDATE acts SET login = 'x' WHERE id = 2",
      'the beginning of an act is never changed',
    ],
    [
      'change when one began',
      'UPDATE acts SET started_at = 1 WHERE id = 2',
      'the beginning of an act is never changed',
    ],
    [
      'change the card of one',
      "UPDATE acts SET card_token = 'x' WHERE id = 2",
      'the subject of an act is told once',
    ],
    [
      'put another in its place',
      `INSERT OR REPLACE INTO acts (id, environment, context, act, profile_id, host, user, started_at)
       VALUES (1, 'sandbox', 'ci', 'order', 1, 'h', 'u', 1)`,
      'acts are never replaced',
    ],
  ])('the file of the journal itself protects the audit trail: %s', async (_, statement, message) => {
    const before = await journal.listActions({});
    expect(() => sql(statement)).toThrow(message);
    expect(await journal.listActions({})).toEqual(before);
    expect(before).toHaveLength(2);
  });
});

describe('an action without an end', () => {
  test.each([
    ['another machine', "'far-away', 1"],
    ['an old journal, which knows no process', `'${hostname()}', NULL`],
  ])('cannot be told of %s', async (_, owner) => {
    sql(`INSERT INTO acts (environment, context, act, profile_id, user, started_at, host, holder_pid)
         VALUES ('sandbox', 'ci', 'order', 1, 'u', 1, ${owner})`);
    expect(await journal.listActions({})).toMatchObject([{ isRunning: null }]);
  });
});
