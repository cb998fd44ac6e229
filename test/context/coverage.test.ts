import { array, assert, boolean, integer, nat, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  coverageOf,
  describeCoverage,
  type Presence,
  toCoverageDocument,
} from '../../src/context/coverage.ts';

const HOUR = 3_600_000;

/** A listener from one hour to another; `killed` leaves its end open. */
function presence(from: number, to: number, killed = false): Presence {
  return { startedAt: from * HOUR, heartbeatAt: to * HOUR, endedAt: killed ? null : to * HOUR };
}

function coverage(presences: Presence[], more: Partial<Parameters<typeof coverageOf>[1]> = {}) {
  return coverageOf(presences, { from: 0, to: 10 * HOUR, now: 10 * HOUR, isListenedTo: false, ...more });
}

function hours(spans: readonly { from: number; to: number }[]): number[][] {
  return spans.map(({ from, to }) => [from / HOUR, to / HOUR]);
}

describe('what listening covers', () => {
  test.each<[string, Presence[], number[][], number[][]]>([
    ['nobody', [], [], [[0, 10]]],
    ['all of it', [presence(0, 10)], [[0, 10]], []],
    ['more than it', [presence(-5, 15)], [[0, 10]], []],
    [
      'the middle',
      [presence(2, 4)],
      [[2, 4]],
      [
        [0, 2],
        [4, 10],
      ],
    ],
    [
      'two that overlap',
      [presence(3, 6), presence(2, 4)],
      [[2, 6]],
      [
        [0, 2],
        [6, 10],
      ],
    ],
    [
      'one within another',
      [presence(2, 8), presence(3, 4)],
      [[2, 8]],
      [
        [0, 2],
        [8, 10],
      ],
    ],
    ['one after the other without a pause', [presence(0, 5), presence(5, 10)], [[0, 10]], []],
    ['one that was killed, until its last sign', [presence(0, 7, true)], [[0, 7]], [[7, 10]]],
    ['one that was over before', [presence(-5, -1)], [], [[0, 10]]],
  ])('the coverage of listening has its gaps: %s', (_, presences, listened, gaps) => {
    const found = coverage(presences);
    expect(hours(found.listened)).toEqual(listened);
    expect(hours(found.gaps)).toEqual(gaps);
  });

  test('a running listener counts until now, and an earlier one that was killed does not', () => {
    const found = coverage([presence(0, 3, true), presence(5, 9.999, true)], { isListenedTo: true });
    expect(hours(found.listened)).toEqual([
      [0, 3],
      [5, 10],
    ]);
  });

  test('the present does not affect the coverage of a past time range', () => {
    const found = coverage([presence(9, 9.999, true)], { isListenedTo: true, to: 5 * HOUR });
    expect(hours(found.gaps)).toEqual([[0, 5]]);
  });

  test('without a start, the coverage begins with the first listener', () => {
    expect(hours(coverage([presence(4, 6), presence(2, 3)], { from: null }).gaps)).toEqual([
      [3, 4],
      [6, 10],
    ]);
    expect(coverage([], { from: null })).toEqual({ from: null, to: 10 * HOUR, listened: [], gaps: [] });
  });

  test('covered and uncovered times alternate and add up to the whole range, for any listeners', () => {
    const listener = record({
      start: integer({ min: -50, max: 150 }),
      length: nat(80),
      killed: boolean(),
    }).map(({ start, length, killed }) => presence(start / 10, (start + length) / 10, killed));
    assert(
      property(array(listener), boolean(), (presences, isListenedTo) => {
        const { listened, gaps } = coverage(presences, { isListenedTo });
        const all = [...listened, ...gaps].toSorted((left, right) => left.from - right.from);
        expect(all[0]?.from).toBe(0);
        expect(all.at(-1)?.to).toBe(10 * HOUR);
        for (const [index, span] of all.entries()) {
          expect(span.from).toBeLessThan(span.to);
          if (index > 0) expect(span.from).toBe(all[index - 1]?.to);
        }
      }),
    );
  });
});

function say(presences: Presence[], from: number | null = 0): string {
  return describeCoverage(coverage(presences, { from }), (time) => `${time / HOUR}:00`);
}

describe('for people and scripts', () => {
  test.each([
    ['nobody ever', say([], null), /^No webhook listener ran yet/],
    ['nobody in this time', say([]), /^No webhook listener ran in this period/],
    ['all', say([presence(0, 10)]), /ran for the whole period, from 0:00 to 10:00/],
    ['gaps', say([presence(0, 4), presence(5, 10)]), /ran for 9h of 10h\. Gaps: 4:00 to 5:00\.$/],
    [
      'many gaps: the latest',
      say([1, 3, 5, 7, 9].map((hour) => presence(hour, hour + 0.5))),
      /Gaps: 5:?.* to 7:00, 7.5:00 to 9:00, 9.5:00 to 10:00 and 3 earlier/,
    ],
  ])('the coverage of listening is described: %s', (_, said, expected) => expect(said).toMatch(expected));

  test('coverage documents have times in UTC', () => {
    expect(toCoverageDocument(coverage([presence(1, 2)]))).toEqual({
      from: '1970-01-01T00:00:00.000Z',
      to: '1970-01-01T10:00:00.000Z',
      listened: [{ from: '1970-01-01T01:00:00.000Z', to: '1970-01-01T02:00:00.000Z' }],
      gaps: [
        { from: '1970-01-01T00:00:00.000Z', to: '1970-01-01T01:00:00.000Z' },
        { from: '1970-01-01T02:00:00.000Z', to: '1970-01-01T10:00:00.000Z' },
      ],
    });
  });
});
