import { expect, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { OpenNotice, ProblemSubject } from '../../src/journal/journal.ts';
import { decideNotices, isSentTo, NOTICE_KINDS, nextDecisionAt } from '../../src/notices/decide-notices.ts';
import { type Problem, problemKey } from '../../src/notices/problem.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const HOUR = 3_600_000;
const GATHER = 30_000;

const HOPPER: ProblemSubject = {
  kind: 'failed',
  kioskId: parseKioskId('WIS00001'),
  error: { kind: 'production', errorCode: 'PRD_HOPPER_DOOR' },
  days: null,
  listener: null,
};
const EXPIRING: ProblemSubject = { ...HOPPER, kind: 'expiring', kioskId: null, error: null, days: 7 };

function problem(count: number, more: Partial<Problem> = {}): Problem {
  return { subject: HOPPER, cards: [], hosts: [], plans: [], count, since: NOW, latest: NOW, ...more };
}

/** A notice of 59 minutes ago about one card that failed then. */
function open(more: Partial<OpenNotice> = {}): OpenNotice {
  const at = NOW - HOUR + 60_000;
  const subject = more.subject ?? HOPPER;
  const times = { seenAt: at, noticedAt: at, goneAt: null, since: at, latest: at };
  return { key: problemKey(subject), subject, count: 1, ...times, ...more };
}

const seen = (ago: number) => open({ seenAt: NOW - ago, noticedAt: null });
const gone = (ago: number, more: Partial<OpenNotice> = {}) => open({ goneAt: NOW - ago, ...more });
const anHourAgo = { noticedAt: NOW - HOUR, since: NOW - HOUR, latest: NOW - HOUR };
const aDayAgo = { noticedAt: NOW - 24 * HOUR, latest: NOW - 24 * HOUR };
const last: ProblemSubject = { ...EXPIRING, days: 1 };
const gap: ProblemSubject = { ...HOPPER, kind: 'listener', kioskId: null, error: null, listener: 'gap' };
const plan: ProblemSubject = {
  ...gap,
  kind: 'plan',
  listener: null,
  plan: { id: 'a', state: 'done', approval: 1 },
};
const hold: ProblemSubject = { ...HOPPER, kind: 'hold', error: null };

test.each<[string, Problem[], OpenNotice[], string[]]>([
  ['nothing is wrong', [], [], []],
  ['a card fails', [problem(1)], [], ['seen']],
  ['cards are failed for less than the time of gathering', [problem(12)], [seen(GATHER - 1)], []],
  ['twelve cards are failed for the time of gathering', [problem(12)], [seen(GATHER)], ['problem']],
  ['a failed card was produced within the time of gathering', [], [seen(GATHER - 1)], ['forgotten']],
  ['a failed card is retried within the time of gathering', [problem(0)], [seen(GATHER)], []],
  ['more cards fail within an hour', [problem(12)], [open()], []],
  ['more cards have failed for an hour', [problem(12)], [open(anHourAgo)], ['problem']],
  ['another card failed in the place of the first', [problem(1)], [open(anHourAgo)], ['problem']],
  ['the same cards are failed after an hour', [problem(1, anHourAgo)], [open(anHourAgo)], []],
  ['fewer cards are failed after an hour', [problem(1, anHourAgo)], [open({ ...anHourAgo, count: 9 })], []],
  ['the clock was set back by a year', [problem(2)], [open({ noticedAt: NOW + 8_760 * HOUR })], ['problem']],
  ['no card is failed any more', [], [open()], ['gone']],
  ['no card is failed for less than the time of gathering', [], [gone(GATHER - 1)], []],
  ['no card is failed for the time of gathering', [], [gone(GATHER)], ['recovery']],
  ['a card failed again before the recovery was reported', [problem(1)], [gone(GATHER)], ['back']],
  ['all failed cards are being retried', [problem(0)], [open()], []],
  ['all cards that failed unnoticed are being retried', [problem(0)], [], []],
  ['a kiosk is not on hold any more', [], [gone(GATHER, { subject: hold })], ['recovery']],
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
    ['problem'],
  ],
  [
    'more cards come to their last day within the day',
    [problem(2, { subject: last })],
    [open({ subject: last, ...anHourAgo })],
    ['problem'],
  ],
  ['no card expires any more', [], [open({ subject: EXPIRING })], []],
  ['no card has expired for a day', [], [open({ subject: EXPIRING, ...aDayAgo })], ['forgotten']],
  ['a plan ends', [problem(1, { subject: plan })], [], ['problem']],
  [
    'a plan ended and was reported',
    [problem(1, { subject: plan, ...anHourAgo })],
    [open({ subject: plan, ...anHourAgo })],
    [],
  ],
  ['the end of a plan is a day old', [], [open({ subject: plan, ...anHourAgo })], ['forgotten']],
  ['a gap is over for an hour', [], [open({ subject: gap, ...anHourAgo })], ['forgotten']],
])('the notices are decided if %s', (_, problems, notices, decided) => {
  const changes = decideNotices(problems, notices, { now: NOW, gather: GATHER });
  const names = changes.map(({ reports, before, after }) => {
    if (reports) return reports;
    if (after === null) return 'forgotten';
    if (before === null) return 'seen';
    return after.goneAt === null ? 'back' : 'gone';
  });
  expect(names).toEqual(decided);
});

test('without a time for gathering, a problem and its end are reported immediately', () => {
  const decide = (problems: Problem[], notices: OpenNotice[]) =>
    decideNotices(problems, notices, { now: NOW, gather: 0 }).map(({ reports, after }) => [
      reports,
      after?.noticedAt,
    ]);
  expect(decide([problem(1)], [])).toEqual([['problem', NOW]]);
  expect(decide([], [open()])).toEqual([['recovery', undefined]]);
});

test('the next decision is due when the first problem was gathered, or is gone for as long', () => {
  expect(nextDecisionAt([], GATHER)).toBeNull();
  expect(nextDecisionAt([open()], GATHER)).toBeNull();
  expect(nextDecisionAt([open(), seen(10_000), gone(20_000)], GATHER)).toBe(NOW + 10_000);
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
