import { beforeEach, describe, expect, test } from 'vitest';
import type { Journal } from '../../../src/journal/journal.ts';
import { type Fixture, JOURNALS, kill } from '../../harness/journal.ts';

describe.each(JOURNALS)('the owners of attempts of $name', ({ makeFixture }) => {
  let fixture: Fixture;
  let journal: Journal;

  beforeEach(() => {
    fixture = makeFixture();
    journal = fixture.open();
  });

  describe('processes', () => {
    test('that claim one card at once share one claim', async () => {
      const rivals = await Promise.all(Array.from({ length: 8 }, () => fixture.rival('claim')));
      expect(rivals.filter(({ claimed }) => claimed)).toHaveLength(1);
      expect(new Set(rivals.map(({ id }) => id)).size).toBe(1);
      await Promise.all(rivals.map(kill));
    });

    test('a claim of one that lives is not free', async () => {
      const { id } = await fixture.rival('claim');
      fixture.now = Date.now();
      const mine = await journal.claim(fixture.claim());
      expect(mine).toMatchObject({ claimed: false, attempt: { id } });
      expect(await journal.isHeld(mine.attempt)).toBe(true);
    });

    test('a claim of one that died is free again, and left no trace', async () => {
      const rival = await fixture.rival('claim');
      await kill(rival);
      fixture.now = Date.now();
      const mine = await journal.claim(fixture.claim());
      expect(mine).toMatchObject({ claimed: true, attempt: { number: 1 } });
      expect(mine.attempt.id).not.toBe(rival.id);
    });

    test('what one sent that died is not free, and not held any more', async () => {
      const rival = await fixture.rival('send');
      fixture.now = Date.now();
      const before = await journal.claim(fixture.claim());
      expect(before).toMatchObject({ claimed: false, attempt: { id: rival.id, outcome: 'sent' } });
      expect(await journal.isHeld(before.attempt)).toBe(true);
      await kill(rival);
      expect(await journal.isHeld(before.attempt)).toBe(false);
      expect((await journal.claim(fixture.claim())).claimed).toBe(false);
    });
  });

  describe('an owner', () => {
    test.each([
      [0, true],
      [120_000, true],
      [120_001, false],
    ])('that claimed %i ms ago and sent nothing still holds: %s', async (elapsed, held) => {
      const { attempt } = await journal.claim(fixture.claim());
      fixture.now += elapsed;
      expect(await journal.isHeld(attempt)).toBe(held);
      expect((await fixture.open().claim(fixture.claim())).claimed).toBe(!held);
    });

    test.each([
      [0, true],
      // A request has a limit of 30 seconds.
      [30_000, true],
      [60_000, false],
    ])('that sent %i ms ago still waits for the answer: %s', async (elapsed, held) => {
      const sent = await fixture.sent(journal);
      fixture.now += elapsed;
      expect(await journal.isHeld(sent)).toBe(held);
    });

    test('the time of the sending counts, not that of the claim', async () => {
      const { attempt } = await journal.claim(fixture.claim());
      fixture.now += 100_000;
      const sent = await journal.markSent(attempt, fixture.sending());
      expect(sent && (await journal.isHeld(sent))).toBe(true);
    });
  });
});
