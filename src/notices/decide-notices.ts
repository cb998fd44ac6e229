import { PROBLEM_KINDS, type Problem, type ProblemKind, type ProblemSubject, problemKey } from './problem.ts';

/** The kinds of notices that a target can select. `recovered`: a problem that was reported is over. */
export const NOTICE_KINDS = [...PROBLEM_KINDS, 'recovered'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** A problem that was reported and is not over, as the journal stores it. Times are milliseconds since the epoch. */
export interface OpenNotice {
  key: string;
  subject: ProblemSubject;
  openedAt: number;
  /** Time of the latest notice about the problem. */
  noticedAt: number;
  /** Size and times in the latest notice, see `Problem`. */
  count: number;
  since: number;
  latest: number;
}

/**
 * A change of the open notices. `open`: reports a new problem. `repeat`: reports that it has grown. `recover`: reports
 * that it is over. `forget`: it is over, which needs no report.
 */
export type NoticeChange =
  | { type: 'open'; key: string; problem: Problem; before: null }
  | { type: 'repeat'; key: string; problem: Problem; before: OpenNotice }
  | { type: 'recover' | 'forget'; key: string; problem: null; before: OpenNotice };

const HOUR_MS = 3_600_000;

/** Minimum time between two notices about one problem, in milliseconds. */
const REPEAT_MS: Readonly<Record<ProblemKind, number>> = {
  failed: HOUR_MS,
  stuck: HOUR_MS,
  unknown: HOUR_MS,
  expiring: 24 * HOUR_MS,
  hold: 24 * HOUR_MS,
  listener: HOUR_MS,
};

/** The kinds whose end is reported. The others end with time. */
const RECOVERING: ReadonlySet<ProblemKind> = new Set(['failed', 'stuck', 'unknown', 'hold']);

/**
 * Compares problems with the open notices. A problem is reported once. While it is open, it is reported again only if it
 * has grown since, and not before its minimum time.
 * @param now milliseconds since the epoch
 */
export function decideNotices(
  problems: readonly Problem[],
  open: readonly OpenNotice[],
  now: number,
): NoticeChange[] {
  const notices = new Map(open.map((notice) => [notice.key, notice]));
  const changes: NoticeChange[] = [];
  for (const problem of problems) {
    const key = problemKey(problem.subject);
    const before = notices.get(key);
    notices.delete(key);
    if (problem.count === 0) continue;
    if (!before) changes.push({ type: 'open', key, problem, before: null });
    else if (hasGrown(problem, before) && isRepeatDue(before, now))
      changes.push({ type: 'repeat', key, problem, before });
  }
  for (const before of notices.values()) {
    const { key, subject } = before;
    if (RECOVERING.has(subject.kind)) changes.push({ type: 'recover', key, problem: null, before });
    else if (isRepeatDue(before, now)) changes.push({ type: 'forget', key, problem: null, before });
  }
  return changes;
}

function hasGrown({ count, latest }: Problem, before: OpenNotice): boolean {
  return count > before.count || latest > before.latest;
}

/** True if the minimum time has passed, or if the clock was set back. */
function isRepeatDue({ subject, noticedAt }: OpenNotice, now: number): boolean {
  // The last day is too short for a daily notice.
  const pause = subject.days === 1 ? HOUR_MS : REPEAT_MS[subject.kind];
  return Math.abs(now - noticedAt) >= pause;
}

/** True if a target with these kinds receives a notice of a kind about a problem. */
export function isSentTo(
  kinds: readonly NoticeKind[],
  { kind, problem }: { kind: NoticeKind | 'test'; problem: ProblemKind | null },
): boolean {
  return kind === 'test' || (kinds.includes(kind) && (problem === null || kinds.includes(problem)));
}
