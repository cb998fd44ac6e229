import { describe, expect, test } from 'vitest';
import { LARGEST_SUMMARY, markdown } from '../../../src/runs/reports/markdown.ts';
import {
  failedCard,
  hostileCard,
  interruptedCard,
  mixedCards,
  passedCard,
  reportOf,
  textOf,
} from '../../harness/run-records.ts';

describe('a report in Markdown', () => {
  test('a Markdown report shows the result, and the cards that did not pass', async () => {
    const text = await textOf(markdown(await reportOf(mixedCards())));
    expect(text).toContain('## ≠ hopper-door: not as expected');
    expect(text).toContain('3 of 7 cards passed: 1 not as expected, 2 failed, 1 not started.');
    expect(text).toContain('| Card limit freed | profile 1001: yes |');
    expect(text).toMatch(/\| in-progress \| 7 \| \S+ \| \S+ \|/);
    expect(text).toContain(
      '| `PRD_HOPPER_DOOR` | 2 (1 tolerated) | The hopper door is open. | kiosk-attendant |',
    );
    expect(text).toContain('Show it: `kioskctl runs show run-7f3a --context bank`');
    expect(text.match(/^### . Card \d+/gmu)).toEqual(['### ≠ Card 3', '### ✗ Card 4', '### ✗ Card 6']);
    expect(text).toContain('attempt: expected one of 1, 3, was 2');
  });

  test('the Markdown report of an interrupted run has the command that continues it', async () => {
    const text = await textOf(markdown(await reportOf([interruptedCard(1)], { cards: 3, endedAt: null })));
    expect(text).toContain('0 of 3 cards passed: 1 interrupted, 2 not started.');
    expect(text).toContain('Continue it: `kioskctl run --resume run-7f3a --context bank`');
  });

  test('text from outside stays text', async () => {
    const text = await textOf(
      markdown(await reportOf([hostileCard(1)], { scenario: '<b>|x', reason: '[a](javascript:b)' })),
    );
    expect(text).not.toMatch(/<script|<b>|\]\(|^::/m);
    for (const line of text.split('\n').filter((line) => line.startsWith('| ✗')))
      expect(line.match(/\|/g)).toHaveLength(5);
  });

  test('a Markdown report is never longer than GitHub accepts, and counts the cards that it leaves out', async () => {
    const cards = Array.from({ length: 2_000 }, (_, index) => failedCard(index + 1));
    const text = await textOf(markdown(await reportOf(cards)));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LARGEST_SUMMARY);
    expect(Buffer.byteLength(text)).toBeGreaterThan(LARGEST_SUMMARY - 3_000);
    const shown = text.match(/^### ✗ Card/gm)?.length ?? 0;
    expect(text).toContain(`${2_000 - shown} more cards did not pass`);
    const tiny = await textOf(markdown(await reportOf([passedCard(1), failedCard(2)]), { largest: 200 }));
    expect(tiny).toBe('1 of 2 cards passed: 1 failed.\n');
  });
});
