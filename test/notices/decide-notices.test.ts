import { expect, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import { decideNotices, isSentTo, NOTICE_KINDS, type OpenNotice } from '../../src/notices/decide-notices.ts';
import { type Problem, type ProblemSubject, problemKey } from '../../src/notices/problem.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const HOUR = 3_600_000;

const HOPPER: ProblemSubject = {
  kind: 'failed',
  kioskId: parseKioskId('WIS00001'),
  error: { kind: 'production', errorCode: 'PRD_HOPPER_DOOR' },
  days: null,
  listener: null,
};
const EXPIRING: ProblemSubject = { ...HOPPER, kind: 'expiring', kioskId: null, error: null, days: 7 };

function problem(count: number, more: Partial<Problem> = {}): Problem {
  return { subject: HOPPER, cards: [], hosts: [], count, since: NOW, latest: NOW, ...more };
}

/** A notice of 59 minutes ago about one card that failed then. */
function open(more: Partial<OpenNotice> = {}): OpenNotice {
  const at = NOW - HOUR + 60_000;
  const subject = more.subject ?? HOPPER;
  const times = { openedAt: at, noticedAt: at, since: at, latest: at };
  return { key: problemKey(subject), subject, count: 1, ...times, ...more };
}

const anHourAgo = { noticedAt: NOW - HOUR, since: NOW - HOUR, latest: NOW - HOUR };
const aDayAgo = { noticedAt: NOW - 24 * HOUR, latest: NOW - 24 * HOUR };
const last: ProblemSubject = { ...EXPIRING, days: 1 };
const gap: ProblemSubject = { ...HOPPER, kind: 'listener', kioskId: null, error: null, listener: 'gap' };

test.each<[string, Problem[], OpenNotice[], string[]]>([
  ['nothing is wrong', [], [], []],
  ['a card fails', [problem(1)], [], ['open']],
  ['twelve cards fail', [problem(12)], [], ['open']],
  ['more cards fail within an hour', [problem(12)], [open()], []],
  ['more cards have failed for an hour', [problem(12)], [open(anHourAgo)], ['repeat']],
  ['another card failed in the place of the first', [problem(1)], [open(anHourAgo)], ['repeat']],
  ['the same cards are failed after an hour', [problem(1, anHourAgo)], [open(anHourAgo)], []],
  ['fewer cards are failed after an hour', [problem(1, anHourAgo)], [open({ ...anHourAgo, count: 9 })], []],
  ['the clock was set back by a year', [problem(2)], [open({ noticedAt: NOW + 8_760 * HOUR })], ['repeat']],
  ['no card is failed any more', [], [open()], ['recover']],
  ['all failed cards are being retried', [problem(0)], [open()], []],
  ['all cards that failed unnoticed are being retried', [problem(0)], [], []],
  ['a kiosk is not on hold any more', [], [open({ subject: { ...HOPPER, kind: 'hold' } })], ['recover']],
  [
    'more cards expire on the same day',
    [problem(2, { subject: EXPIRING })],
    [open({ subject: EXPIRING })],
    [],
  ],
  [
    'more cards expire on the next day',
    [problem(2, { subject: EXPIRING })],
    [open({ subject: EXPIRING, ...aDayAgo })],
    ['repeat'],
  ],
  [
    'more cards come to their last day within the day',
    [problem(2, { subject: last })],
    [open({ subject: last, ...anHourAgo })],
    ['repeat'],
  ],
  ['no card expires any more', [], [open({ subject: EXPIRING })], []],
  ['no card has expired for a day', [], [open({ subject: EXPIRING, ...aDayAgo })], ['forget']],
  ['a gap is over for an hour', [], [open({ subject: gap, ...anHourAgo })], ['forget']],
])('the notices are decided if %s', (_, problems, notices, types) => {
  expect(decideNotices(problems, notices, NOW).map(({ type }) => type)).toEqual(types);
});

test('a target receives the kinds that it selects, and only recoveries from these', () => {
  const failed = { kind: 'failed', problem: 'failed' } as const;
  const recovered = { kind: 'recovered', problem: 'failed' } as const;
  const test = { kind: 'test', problem: null } as const;
  const receives = (kinds: Parameters<typeof isSentTo>[0]) =>
    [failed, recovered, test].map((notice) => isSentTo(kinds, notice));
  expect(receives(NOTICE_KINDS)).toEqual([true, true, true]);
  expect(receives(['failed'])).toEqual([true, false, true]);
  expect(receives(['recovered', 'hold'])).toEqual([false, false, true]);
});
