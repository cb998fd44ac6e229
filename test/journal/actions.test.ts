// The audit trail: what the journal tells of acts, and that nobody can make it tell otherwise.

import { hostname, userInfo } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { ActionFilter, Delivery, Journal, NewAction } from '../../src/journal/journal.ts';
import { decodeEvent } from '../../src/webhooks/decode-event.ts';
import { productionBody } from '../webhooks/signer.ts';
import { kill, OTHER_TOKEN, Stand, TOKEN } from './stand.ts';

let stand: Stand;
let journal: Journal;

beforeEach(() => {
  stand = new Stand();
  journal = stand.open();
});

function act(more: Partial<NewAction> = {}): NewAction {
  const subject = { profileId: 1001, orderId: null, cardToken: TOKEN, kioskId: parseKioskId('WIS00001') };
  return { action: 'produce', context: 'ci', ...subject, reason: 'ticket 4711', at: 1_000, ...more };
}

/** An event of OTHER_TOKEN at WIS00001. */
function heard(more: Partial<Delivery>): Delivery {
  const body = Buffer.from(productionBody('PRODUCED'));
  const event = { ...decodeEvent(body), cardToken: OTHER_TOKEN };
  const signed = { deliveryId: null, signature: 'signed', isTest: false, isVerified: true };
  return { ...signed, receivedAt: 0, body, event, ...more };
}

function sql(statement: string): void {
  const db = new DatabaseSync(stand.file);
  try {
    db.exec(statement);
  } finally {
    db.close();
  }
}

describe('whoever reaches the file can’t', () => {
  beforeEach(async () => {
    await journal.endAction(await journal.startAction(act()), { exitCode: 4, at: 2_000, traceId: 't' });
    await journal.startAction(act({ cardToken: OTHER_TOKEN }));
  });

  test.each([
    ['remove acts', 'DELETE FROM acts'],
    ['remove one that goes on', 'DELETE FROM acts WHERE ended_at IS NULL'],
    ['change one that ended', 'UPDATE acts SET exit_code = 0 WHERE id = 1'],
    ['open one again', 'UPDATE acts SET ended_at = NULL WHERE id = 1'],
    ['change the reason of one that goes on', "UPDATE acts SET reason = 'x' WHERE id = 2"],
    ['change who does one', "UPDATE acts SET user = 'x' WHERE id = 2"],
    ['change when one began', 'UPDATE acts SET started_at = 1 WHERE id = 2'],
    ['change the card of one', "UPDATE acts SET card_token = 'x' WHERE id = 2"],
    [
      'put another in its place',
      `INSERT OR REPLACE INTO acts (id, environment, context, act, profile_id, host, user, started_at)
       VALUES (1, 'sandbox', 'ci', 'order', 1, 'h', 'u', 1)`,
    ],
  ])('%s', async (_, statement) => {
    const before = await journal.listActions({});
    expect(() => sql(statement)).toThrow(/act/);
    expect(await journal.listActions({})).toEqual(before);
    expect(before).toHaveLength(2);
  });
});

async function running(): Promise<(boolean | null)[]> {
  return (await journal.listActions({})).map(({ isRunning }) => isRunning);
}

describe('an act without an end', () => {
  test('goes on while its process lives, and died with it', async () => {
    const rival = await stand.rival('act');
    expect(await running()).toEqual([true]);
    await kill(rival);
    expect(await running()).toEqual([false]);
  });

  test.each([
    ['another machine', "'far-away', 1"],
    ['an old journal, which knows no process', `'${hostname()}', NULL`],
  ])('can not be told of %s', async (_, holder) => {
    sql(`INSERT INTO acts (environment, context, act, profile_id, user, started_at, host, holder_pid)
         VALUES ('sandbox', 'ci', 'order', 1, 'u', 1, ${holder})`);
    expect(await running()).toEqual([null]);
  });
});

describe('a list of acts', () => {
  beforeEach(async () => {
    const failed = await journal.startAction(act({ action: 'retry', cardToken: null, kioskId: null }));
    const attempt = await stand.sent(journal);
    await journal.endAction(failed, { exitCode: 4, at: 1_100, attemptId: attempt.id });
    const done = await journal.startAction(
      act({ cardToken: null, orderId: 502, context: 'laptop', at: 2_000 }),
    );
    await journal.endAction(done, { exitCode: 0, at: 2_100 });
    await journal.startAction(
      act({ action: 'hold', cardToken: null, kioskId: parseKioskId('WIS00002'), profileId: 0, at: 3_000 }),
    );
    await stand.open('production').startAction(act());
  });

  test('tells all of it, with the ids of its attempt', async () => {
    const [retry, ...others] = await journal.listActions({});
    expect(retry).toMatchObject({
      action: 'retry',
      cardToken: TOKEN,
      user: userInfo().username,
      host: hostname(),
      kioskId: parseKioskId('WIS00001'),
      exitCode: 4,
      isRunning: false,
      correlationId: '0e0c0f0e-0000-4000-8000-000000000001',
      attemptId: expect.any(String),
    });
    expect(others.map(({ context }) => context)).toEqual(['laptop', 'ci']);
  });

  test.each<[string, ActionFilter, number[]]>([
    ['everything', {}, [1, 2, 3]],
    ['a kind', { actions: ['hold', 'release'] }, [3]],
    ['a card', { card: { cardToken: TOKEN, orderId: null } }, [1]],
    ['an order', { card: { cardToken: null, orderId: 502 } }, [2]],
    [
      'a kiosk, that of the attempt too',
      { kioskIds: ['WIS00001'].map(parseKioskId).map(parseKioskId) },
      [1, 2],
    ],
    ['several kiosks', { kioskIds: ['WIS00002', 'WIS00009'].map(parseKioskId).map(parseKioskId) }, [3]],
    ['a person', { user: userInfo().username, host: hostname() }, [1, 2, 3]],
    ['nobody', { user: 'nobody-here' }, []],
    ['another machine', { host: 'far-away' }, []],
    ['what did not end well', { isFailed: true }, [1, 3]],
    ['a time', { since: 1_001, until: 3_000 }, [2]],
    ['the newest', { limit: 2 }, [2, 3]],
  ])('of %s', async (_, filter, ids) => {
    expect((await journal.listActions(filter)).map(({ id }) => id)).toEqual(ids);
  });
});

async function at(since: number, until: number, kioskId = parseKioskId('WIS00001')): Promise<string[]> {
  return journal.listCardsAt(kioskId, { since, until });
}

describe('the cards of a kiosk in a time', () => {
  test('an attempt counts for as long as it was open', async () => {
    stand.now = 1_000;
    const sent = await stand.sent(journal);
    expect(await at(5_000, 6_000)).toEqual([TOKEN]);
    await journal.update(sent, { outcome: 'failed', at: 2_000 });
    expect(await at(5_000, 6_000)).toEqual([]);
    expect(await at(2_000, 6_000)).toEqual([TOKEN]);
    expect(await at(0, 1_000)).toEqual([]);
    expect(await at(2_000, 6_000, parseKioskId('WIS00002'))).toEqual([]);
  });

  test('a claim that sent nothing does not count', async () => {
    await journal.claim(stand.claim({ at: 1_000 }));
    expect(await at(0, 6_000)).toEqual([]);
  });

  test('events and acts count when they came', async () => {
    await journal.keepEvent(heard({ receivedAt: 1_000 }));
    await journal.startAction(act({ at: 3_000 }));
    expect(await at(0, 2_000)).toEqual([OTHER_TOKEN]);
    expect(await at(1_000, 3_001)).toEqual([OTHER_TOKEN, TOKEN]);
    expect(await at(1_001, 3_000)).toEqual([]);
  });

  test('a test notification is about no card', async () => {
    await journal.keepEvent(heard({ receivedAt: 1_000, isTest: true }));
    expect(await at(0, 2_000)).toEqual([]);
  });
});
