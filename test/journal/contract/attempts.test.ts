import { beforeEach, describe, expect, test } from 'vitest';
import type { Outcome } from '../../../src/domain/attempt.ts';
import { parseKioskId } from '../../../src/domain/ids.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { type Fixture } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';
import { OTHER_TOKEN, production, settleWindow, TOKEN } from '../../harness/records.ts';

/** The failure of a process that does not have the lease on a card (any more). */
const LEASED = {
  code: 'leased',
  exitCode: 9,
  message: `This process was suspended and lost its lock on card ${TOKEN}.`,
};

describe.each(JOURNALS)('the attempts of $name', ({ makeFixture }) => {
  let fixture: Fixture;
  let journal: Journal;

  beforeEach(async () => {
    fixture = await makeFixture();
    journal = fixture.open();
  });

  async function numbers(cardToken = TOKEN): Promise<[number, Outcome][]> {
    return (await journal.listAttempts(cardToken)).map(({ number, outcome }) => [number, outcome]);
  }

  describe('a claim', () => {
    test('a claim is not yet an attempt', async () => {
      const { attempt, claimed } = await fixture.claimed(journal, { reason: 'ticket 4711' });
      expect(claimed).toBe(true);
      expect(attempt).toMatchObject({
        outcome: 'claimed',
        origin: 'ours',
        number: 1,
        cardToken: TOKEN,
        reason: 'ticket 4711',
        claimedAt: fixture.now,
        sentAt: null,
        closedAt: null,
        owner: { pid: process.pid },
      });
      expect(await journal.latestAttempt(TOKEN)).toBeNull();
      expect(await journal.listAttempts(TOKEN)).toEqual([]);
    });

    test('a claim blocks its card for others, and no other card', async () => {
      const { attempt } = await fixture.claimed(journal);
      await expect(
        fixture.claimed(fixture.open(), { kioskId: parseKioskId('WIS00002') }),
      ).rejects.toMatchObject(LEASED);
      expect(await journal.claim(fixture.claim())).toEqual({ attempt, claimed: false });
      expect((await fixture.claimed(journal, { cardToken: OTHER_TOKEN, orderId: 502 })).claimed).toBe(true);
    });

    test('a claim requires a lease on the card', async () => {
      await expect(journal.claim(fixture.claim())).rejects.toMatchObject(LEASED);
      await journal.takeLeases([`card ${TOKEN}`], 'send');
      fixture.now += 10_000;
      const other = fixture.open();
      expect(await other.takeLeases([`card ${TOKEN}`], 'send')).toEqual([]);
      await expect(journal.claim(fixture.claim())).rejects.toMatchObject(LEASED);
      expect(await other.claim(fixture.claim())).toMatchObject({ claimed: true, attempt: { number: 1 } });
    });

    test('a claim that is released leaves no trace', async () => {
      const { attempt } = await fixture.claimed(journal);
      await journal.release(attempt);
      await journal.release(attempt);
      const again = await fixture.claimed(journal);
      expect(again).toMatchObject({ claimed: true, attempt: { number: 1 } });
    });

    test('a released claim that another process has acquired is not released again', async () => {
      const { attempt } = await fixture.claimed(journal);
      await journal.release(attempt);
      await journal.releaseLeases([`card ${TOKEN}`]);
      const other = fixture.open();
      const theirs = await fixture.claimed(other);
      await journal.release(attempt);
      expect((await other.claim(fixture.claim())).attempt.id).toBe(theirs.attempt.id);
    });

    test("a lost claim can't be sent any more, and takes nothing from its new owner", async () => {
      const { attempt } = await fixture.claimed(journal);
      fixture.now += 10_000;
      const other = fixture.open();
      const theirs = await fixture.claimed(other);
      expect(theirs.claimed).toBe(true);
      await expect(journal.markSent(attempt, fixture.sending())).rejects.toMatchObject(LEASED);
      await journal.release(attempt);
      expect(await other.markSent(theirs.attempt, fixture.sending())).toMatchObject({
        outcome: 'sent',
        number: 1,
      });
    });
  });

  describe('an attempt that is sent', () => {
    test('an attempt that is sent stores the baseline and the destination', async () => {
      const { attempt } = await fixture.claimed(journal, { kioskId: null, orderId: null });
      fixture.now += 250;
      const baseline = production('PRODUCTION_ERROR', {
        errorCode: 'PRD_HOPPER_DOOR',
        description: 'door “open”',
      });
      const sent = await journal.markSent(
        attempt,
        fixture.sending({ kioskId: parseKioskId('WIS00003'), baseline }),
      );
      expect(sent).toMatchObject({
        id: attempt.id,
        outcome: 'sent',
        kioskId: 'WIS00003',
        orderId: 501,
        baseline,
        sentAt: fixture.now,
        claimedAt: fixture.now - 250,
        correlationId: '0e0c0f0e-0000-4000-8000-000000000001',
      });
      expect(await fixture.open().latestAttempt(TOKEN)).toEqual(sent);
    });

    test('an attempt is sent only once', async () => {
      const sent = await fixture.sent(journal);
      expect(await journal.markSent(sent, fixture.sending({ kioskId: parseKioskId('WIS00002') }))).toBeNull();
      expect(await journal.latestAttempt(TOKEN)).toEqual(sent);
    });

    test("an attempt that was sent can't be released", async () => {
      const sent = await fixture.sent(journal);
      await journal.release(sent);
      expect(await journal.latestAttempt(TOKEN)).toEqual(sent);
    });

    test.each(['sent', 'unknown', 'accepted', 'queued'] as const)(
      'an attempt that is %s blocks another attempt',
      async (outcome) => {
        const sent = await fixture.sent(journal);
        if (outcome !== 'sent') await journal.update(sent, { outcome, at: fixture.now });
        // Not even when its process is long gone: what was sent has to be settled first.
        fixture.now += 365 * 86_400_000;
        expect(await fixture.claimed(fixture.open())).toMatchObject({
          claimed: false,
          attempt: { id: sent.id, outcome, closedAt: null },
        });
      },
    );

    test.each(['refused', 'not-seen', 'superseded', 'abandoned', 'produced', 'failed'] as const)(
      'the outcome %s closes an attempt permanently, and permits the next one',
      async (outcome) => {
        const sent = await fixture.sent(journal);
        fixture.now += 1_000;
        const ended = await journal.update(sent, {
          outcome,
          production: production('PRODUCED'),
          traceId: 't1',
          at: fixture.now,
        });
        expect(ended).toMatchObject({
          outcome,
          closedAt: fixture.now,
          production: production('PRODUCED'),
          traceId: 't1',
        });
        const late = {
          outcome: 'accepted',
          production: production('IN_PROGRESS'),
          traceId: 't2',
          at: fixture.now + 5,
        } as const;
        expect(await journal.update(sent, late)).toEqual(ended);
        const next = await fixture.claimed(journal);
        expect(next).toMatchObject({ claimed: true, attempt: { number: 2 } });
        expect(await journal.update(sent, late)).toEqual(ended);
      },
    );

    test('an attempt keeps the window that another process recorded meanwhile, and is not settled by an older window', async () => {
      const sent = await fixture.sent(journal);
      const over = { ...settleWindow(), isOver: true };
      const later = { ...settleWindow(), hasEnded: true };
      const other = fixture.open();
      await other.update(sent, { outcome: 'unknown', settleWindow: later, at: fixture.now });
      expect(await journal.recordWindow(sent, over)).toBe(false);
      const settled = { outcome: 'not-seen', onlyIfWindow: over, at: fixture.now } as const;
      expect(await journal.update(sent, settled)).toMatchObject({ outcome: 'unknown', settleWindow: later });
      const [now] = await journal.listAttempts(TOKEN);
      expect(await journal.recordWindow(now!, over)).toBe(true);
      expect(await journal.update(sent, settled)).toMatchObject({ outcome: 'not-seen', settleWindow: over });
    });

    test('fields that an update omits are unchanged', async () => {
      const sent = await fixture.sent(journal);
      await journal.update(sent, {
        outcome: 'accepted',
        production: production('IN_PROGRESS'),
        traceId: 't1',
        at: fixture.now,
      });
      const updated = await journal.update(sent, {
        outcome: 'accepted',
        production: null,
        traceId: null,
        at: fixture.now,
      });
      expect(updated).toMatchObject({ production: production('IN_PROGRESS'), traceId: 't1', closedAt: null });
    });
  });

  describe('an attempt of another system', () => {
    test('an attempt of another system that is in progress is open, and blocks another attempt', async () => {
      const seen = await journal.recordObserved(
        fixture.observed('accepted', { kioskId: parseKioskId('WIS00002') }),
      );
      expect(seen).toMatchObject({
        origin: 'observed',
        outcome: 'accepted',
        number: 1,
        kioskId: 'WIS00002',
        baseline: null,
        production: production('IN_PROGRESS'),
        sentAt: null,
        closedAt: null,
      });
      expect((await fixture.claimed(journal)).attempt.id).toBe(seen.id);
    });

    test.each(['failed', 'produced'] as const)('that %s is closed at once', async (outcome) => {
      const seen = await journal.recordObserved(fixture.observed(outcome));
      expect(seen).toMatchObject({ outcome, closedAt: fixture.now });
      expect(await fixture.claimed(journal)).toMatchObject({ claimed: true, attempt: { number: 2 } });
    });

    test('an attempt of another system is recorded once if two processes see it at the same time', async () => {
      const first = await journal.recordObserved(fixture.observed('accepted'));
      const second = await fixture.open().recordObserved(fixture.observed('accepted'));
      expect(second).toEqual(first);
      expect(await numbers()).toEqual([[1, 'accepted']]);
    });

    test('an attempt of another system is not recorded while one of ours is open', async () => {
      const sent = await fixture.sent(journal);
      expect(await journal.recordObserved(fixture.observed('accepted'))).toEqual(sent);
      expect(await journal.recordObserved(fixture.observed('failed'))).toEqual(sent);
      expect(await numbers()).toEqual([[1, 'sent']]);
    });

    test('an attempt of another system that has ended is numbered before an existing claim', async () => {
      const { attempt } = await fixture.claimed(journal);
      const seen = await journal.recordObserved(fixture.observed('failed'));
      const again = await journal.recordObserved(fixture.observed('failed'));
      expect([seen.number, again.number]).toEqual([1, 2]);
      expect(await journal.latestAttempt(TOKEN)).toEqual(again);
      const sent = await journal.markSent(attempt, fixture.sending());
      expect(sent?.number).toBe(3);
      expect(await journal.latestAttempt(TOKEN)).toEqual(sent);
      expect(await numbers()).toEqual([
        [1, 'failed'],
        [2, 'failed'],
        [3, 'sent'],
      ]);
    });

    test('an attempt of another system replaces an abandoned claim', async () => {
      await fixture.claimed(journal);
      fixture.now += 120_001;
      expect(await journal.recordObserved(fixture.observed('accepted'))).toMatchObject({
        number: 1,
        outcome: 'accepted',
      });
      expect(await numbers()).toEqual([[1, 'accepted']]);
    });
  });

  test('the attempts of a card are numbered without gaps', async () => {
    for (const outcome of ['failed', 'refused', 'not-seen'] as const) {
      const sent = await fixture.sent(journal);
      await journal.update(sent, { outcome, at: fixture.now });
      const given = await fixture.claimed(journal);
      await journal.release(given.attempt);
    }
    await fixture.sent(journal, { cardToken: OTHER_TOKEN, orderId: 502 });
    expect(await numbers()).toEqual([
      [1, 'failed'],
      [2, 'refused'],
      [3, 'not-seen'],
    ]);
    expect(await numbers(OTHER_TOKEN)).toEqual([[1, 'sent']]);
    expect(await journal.latestAttempt(TOKEN)).toMatchObject({ number: 3 });
  });

  test('an environment does not contain the attempts of another one', async () => {
    const production = fixture.open('production');
    const sent = await fixture.sent(journal);
    expect(await production.latestAttempt(TOKEN)).toBeNull();
    const theirs = await fixture.claimed(production);
    expect(theirs).toMatchObject({ claimed: true, attempt: { number: 1 } });
    expect(await journal.latestAttempt(TOKEN)).toEqual(sent);
  });
});
