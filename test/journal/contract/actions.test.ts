// The audit trail: what the journal tells of acts.
import { hostname, userInfo } from 'node:os';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseKioskId } from '../../../src/domain/ids.ts';
import type { ActionFilter, Delivery, Journal, NewAction } from '../../../src/journal/journal.ts';
import { decodeEvent } from '../../../src/webhooks/decode-event.ts';
import { productionBody } from '../../harness/events.ts';
import { type Fixture, kill } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';
import { OTHER_TOKEN, TOKEN } from '../../harness/records.ts';

function action(more: Partial<NewAction> = {}): NewAction {
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

describe.each(JOURNALS)('the actions of $name', ({ makeFixture }) => {
  let fixture: Fixture;
  let journal: Journal;

  beforeEach(async () => {
    fixture = await makeFixture();
    journal = fixture.open();
  });

  async function running(): Promise<(boolean | null)[]> {
    return (await journal.listActions({})).map(({ isRunning }) => isRunning);
  }

  describe('an act without an end', () => {
    test('an action without an end is running while its process is, and then counts as killed', async () => {
      const rival = await fixture.rival('cancel');
      expect(await running()).toEqual([true]);
      await kill(rival);
      expect(await running()).toEqual([false]);
    });
  });

  describe('a list of acts', () => {
    beforeEach(async () => {
      const failed = await journal.startAction(action({ action: 'retry', cardToken: null, kioskId: null }));
      const attempt = await fixture.sent(journal);
      await journal.endAction(failed, { exitCode: 4, at: 1_100, attemptId: attempt.id });
      const done = await journal.startAction(
        action({ cardToken: null, orderId: 502, context: 'laptop', at: 2_000 }),
      );
      await journal.endAction(done, { exitCode: 0, at: 2_100 });
      await journal.startAction(
        action({
          action: 'hold',
          cardToken: null,
          kioskId: parseKioskId('WIS00002'),
          profileId: 0,
          at: 3_000,
        }),
      );
      await fixture.open('production').startAction(action());
    });

    test('a list of actions contains all data of each action, and the ids of its attempt', async () => {
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
    test('an attempt counts at its kiosk for the time in which it was open', async () => {
      fixture.now = 1_000;
      const sent = await fixture.sent(journal);
      expect(await at(5_000, 6_000)).toEqual([TOKEN]);
      await journal.update(sent, { outcome: 'failed', at: 2_000 });
      expect(await at(5_000, 6_000)).toEqual([]);
      expect(await at(2_000, 6_000)).toEqual([TOKEN]);
      expect(await at(0, 1_000)).toEqual([]);
      expect(await at(2_000, 6_000, parseKioskId('WIS00002'))).toEqual([]);
    });

    test('a claim that sent nothing does not count at its kiosk', async () => {
      await fixture.claimed(journal, { at: 1_000 });
      expect(await at(0, 6_000)).toEqual([]);
    });

    test('events and actions count at a kiosk at their own time', async () => {
      await journal.keepEvent(heard({ receivedAt: 1_000 }));
      await journal.startAction(action({ at: 3_000 }));
      expect(await at(0, 2_000)).toEqual([OTHER_TOKEN]);
      expect(await at(1_000, 3_001)).toEqual([OTHER_TOKEN, TOKEN]);
      expect(await at(1_001, 3_000)).toEqual([]);
    });

    test('a test notification concerns no card', async () => {
      await journal.keepEvent(heard({ receivedAt: 1_000, isTest: true }));
      expect(await at(0, 2_000)).toEqual([]);
    });
  });
});
