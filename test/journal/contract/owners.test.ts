import { beforeEach, describe, expect, test } from 'vitest';
import type { Journal } from '../../../src/journal/journal.ts';
import { type Fixture, kill } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';
import { TOKEN } from '../../harness/records.ts';

describe.each(JOURNALS)('the owners of attempts of $name', ({ makeFixture }) => {
  let fixture: Fixture;
  let journal: Journal;

  beforeEach(async () => {
    fixture = await makeFixture();
    journal = fixture.open();
  });

  describe('processes', () => {
    test('processes that claim a card at the same time send it once', async () => {
      const rivals = await Promise.all(Array.from({ length: 8 }, () => fixture.rival('send')));
      const [sender, ...others] = rivals.filter(({ sent }) => sent);
      expect(others).toEqual([]);
      expect(await journal.listAttempts(TOKEN)).toMatchObject([{ id: sender?.id, outcome: 'sent' }]);
      await Promise.all(rivals.map(kill));
    });

    test('a claim of a running process is not free', async () => {
      await fixture.rival('claim');
      expect(await journal.takeLeases([`card ${TOKEN}`], 'send')).toMatchObject([{ isRunning: true }]);
      await expect(journal.claim(fixture.claim())).rejects.toMatchObject({ code: 'leased' });
    });

    test('a claim of a killed process is free, and left no trace', async () => {
      const rival = await fixture.rival('claim');
      await kill(rival);
      const mine = await fixture.claimed(journal);
      expect(mine).toMatchObject({ claimed: true, attempt: { number: 1 } });
      expect(mine.attempt.id).not.toBe(rival.id);
    });

    test('an attempt that a killed process sent is not free, and no longer held', async () => {
      const rival = await fixture.rival('send');
      await expect(fixture.claimed(journal)).rejects.toMatchObject({ code: 'leased' });
      const [sent] = await journal.listAttempts(TOKEN);
      expect(await journal.isHeld(sent!)).toBe(true);
      await kill(rival);
      expect(await journal.isHeld(sent!)).toBe(false);
      expect(await fixture.claimed(journal)).toMatchObject({
        claimed: false,
        attempt: { id: rival.id, outcome: 'sent' },
      });
    });
  });

  describe('an owner', () => {
    test.each([
      [0, true],
      [9_999, true],
      [10_000, false],
    ])(
      'that claimed %i ms ago and has not renewed its lease since holds the card: %s',
      async (elapsed, held) => {
        const { attempt } = await fixture.claimed(journal);
        fixture.now += elapsed;
        expect(await journal.isHeld(attempt)).toBe(held);
        const others = await fixture.open().takeLeases([`card ${TOKEN}`], 'send');
        expect(others).toHaveLength(held ? 1 : 0);
      },
    );

    test.each([
      [0, true],
      [9_999, true],
      [10_000, false],
    ])(
      'that sent %i ms ago and has not renewed its lease since holds the card: %s',
      async (elapsed, held) => {
        const sent = await fixture.sent(journal);
        fixture.now += elapsed;
        expect(await journal.isHeld(sent)).toBe(held);
      },
    );
  });
});
