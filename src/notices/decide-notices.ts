import type { OpenNotice, ProblemSubject } from '../journal/journal.ts';
import { PROBLEM_KINDS, type Problem, type ProblemKind, problemKey } from './problem.ts';

/** The kinds of notices that a target can select. `recovered`: a problem that was reported is over. */
export const NOTICE_KINDS = [...PROBLEM_KINDS, 'recovered'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/**
 * A change of an open notice; `before` or `after` is null if there is none. `reports` is the notice to send: about the
 * problem, or about its end; null for none.
 */
export type NoticeChange = { before: OpenNotice | null; after: OpenNotice | null } & (
  | { reports: 'problem'; problem: Problem; after: OpenNotice }
  | { reports: 'recovery'; before: OpenNotice }
  | { reports: null }
);

interface Times {
  /** Milliseconds since the epoch. */
  now: number;
  /** Milliseconds for which equal problems are gathered, and for which a problem must be gone. */
  gather: number;
}

const HOUR_MS = 3_600_000;

/** Minimum time between two notices about one problem, in milliseconds. */
const REPEAT_MS: Readonly<Record<ProblemKind, number>> = {
  failed: HOUR_MS,
  stuck: HOUR_MS,
  unknown: HOUR_MS,
  expiring: 24 * HOUR_MS,
  hold: 24 * HOUR_MS,
  listener: HOUR_MS,
  plan: HOUR_MS,
};

/** The kinds whose end is reported. The others end with time. */
const RECOVERING: ReadonlySet<ProblemKind> = new Set(['failed', 'stuck', 'unknown', 'hold']);

/** The kinds that are reported without gathering. */
const IMMEDIATE: ReadonlySet<ProblemKind> = new Set(['plan']);

/**
 * Compares problems with the open notices. A problem is reported once, when equal ones were gathered. While it is open,
 * it is reported again only if it has grown since, and not before its minimum time. Its end is reported once.
 */
export function decideNotices(
  problems: readonly Problem[],
  open: readonly OpenNotice[],
  times: Times,
): NoticeChange[] {
  const notices = new Map(open.map((notice) => [notice.key, notice]));
  const changes = problems.map((problem) => {
    const key = problemKey(problem.subject);
    const before = notices.get(key);
    notices.delete(key);
    return before ? whileOpen(problem, before, times) : whenNew(problem, key, times);
  });
  const ends = [...notices.values()].map((before) => whenGone(before, times));
  return [...changes, ...ends].filter((change) => change !== null);
}

/** Returns the time at which a decision is due although nothing happens; null for none. */
export function nextDecisionAt(open: readonly OpenNotice[], gather: number): number | null {
  const times = open.flatMap(({ seenAt, noticedAt, goneAt }) =>
    noticedAt === null ? [seenAt + gather] : goneAt === null ? [] : [goneAt + gather],
  );
  return times.length > 0 ? Math.min(...times) : null;
}

function whenNew(problem: Problem, key: string, { now, gather }: Times): NoticeChange | null {
  const { subject, count, since, latest } = problem;
  if (count === 0) return null;
  const seen = { key, subject, seenAt: now, noticedAt: null, goneAt: null, count, since, latest };
  return gather === 0 || IMMEDIATE.has(subject.kind)
    ? reported(problem, seen, { now, before: null })
    : { before: null, after: seen, reports: null };
}

function whileOpen(problem: Problem, before: OpenNotice, { now, gather }: Times): NoticeChange | null {
  const { seenAt, noticedAt, goneAt } = before;
  if (noticedAt === null)
    return problem.count > 0 && hasPassed(seenAt, { now, gather })
      ? reported(problem, before, { now, before })
      : null;
  if (hasGrown(problem, before) && hasPassed(noticedAt, { now, gather: repeatOf(before.subject) }))
    return reported(problem, before, { now, before });
  return goneAt === null ? null : { before, after: { ...before, goneAt: null }, reports: null };
}

function whenGone(before: OpenNotice, { now, gather }: Times): NoticeChange | null {
  const { subject, noticedAt, goneAt } = before;
  const forgotten = { before, after: null, reports: null };
  if (noticedAt === null) return forgotten;
  if (!RECOVERING.has(subject.kind))
    return hasPassed(noticedAt, { now, gather: repeatOf(subject) }) ? forgotten : null;
  if (hasPassed(goneAt ?? now, { now, gather })) return { before, after: null, reports: 'recovery' };
  return goneAt === null ? { before, after: { ...before, goneAt: now }, reports: null } : null;
}

function reported(
  problem: Problem,
  notice: OpenNotice,
  { now, before }: { now: number; before: OpenNotice | null },
): NoticeChange {
  const { count, since, latest } = problem;
  const after = { ...notice, noticedAt: now, goneAt: null, count, since, latest };
  return { before, after, reports: 'problem', problem };
}

function hasGrown({ count, latest }: Problem, before: OpenNotice): boolean {
  return count > before.count || (count > 0 && latest > before.latest);
}

/** True if a time has passed, or if the clock was set back. */
function hasPassed(since: number, { now, gather }: Times): boolean {
  return Math.abs(now - since) >= gather;
}

function repeatOf({ kind, days }: ProblemSubject): number {
  // The last day is too short for a daily notice.
  return days === 1 ? HOUR_MS : REPEAT_MS[kind];
}

/** True if a target with these kinds receives a notice of a kind about a problem. */
export function isSentTo(
  kinds: readonly NoticeKind[],
  { kind, problem }: { kind: NoticeKind | 'test'; problem: ProblemKind | null },
): boolean {
  return kind === 'test' || (kinds.includes(kind) && (problem === null || kinds.includes(problem)));
}
