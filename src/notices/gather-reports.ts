import type { KioskId } from '../domain/ids.ts';
import type { OpenNotice, ProblemSubject } from '../journal/journal.ts';
import type { NoticeChange } from './decide-notices.ts';
import type { Problem } from './problem.ts';

/** Content of a notice: a problem, or the end of problems. */
export type Report = {
  key: string;
  /** The kiosks of the problems. */
  kioskIds: readonly KioskId[];
} & (
  | { reports: 'problem'; problem: Problem }
  | {
      reports: 'recovery';
      subject: ProblemSubject;
      since: number;
      /** Number of problems that are over. */
      over: number;
    }
);

/** Changes of open notices with their common report; null for none. */
export interface Reported {
  changes: readonly NoticeChange[];
  report: Report | null;
}

/**
 * Maximum number of problems of one kind that have a notice each. More at the same time are one notice: at the first start
 * with an old journal, or if many kiosks fail.
 */
const MOST_SEPARATE = 5;

type Reporting = Exclude<NoticeChange, { reports: null }>;

/** Decides which changes share a notice. */
export function gatherReports(changes: readonly NoticeChange[]): Reported[] {
  const silent = changes.filter(({ reports }) => reports === null);
  const reporting = changes.filter((change): change is Reporting => change.reports !== null);
  const groups = Map.groupBy(reporting, (change) => `${change.reports} ${subjectOf(change).kind}`);
  return [
    ...silent.map((change) => ({ changes: [change], report: null })),
    ...[...groups.values()].flatMap((group) =>
      group.length > MOST_SEPARATE ? [together(group)] : group.map((change) => together([change])),
    ),
  ];
}

function subjectOf(change: Reporting): ProblemSubject {
  return change.reports === 'problem' ? change.problem.subject : change.before.subject;
}

function together(group: readonly Reporting[]): Reported {
  const problems = group.flatMap((change) => (change.reports === 'problem' ? [change] : []));
  const ends = group.flatMap((change) => (change.reports === 'recovery' ? [change.before] : []));
  const subjects = group.map(subjectOf);
  const report = problems.length > 0 ? ofProblems(problems, subjects) : ofEnds(ends, subjects);
  return { changes: group, report };
}

function ofProblems(
  changes: readonly { problem: Problem; after: OpenNotice }[],
  subjects: readonly ProblemSubject[],
): Report {
  const subject = common(subjects);
  const problems = changes.map(({ problem }) => problem);
  const problem = {
    subject,
    cards: problems.flatMap(({ cards }) => cards),
    hosts: problems.flatMap(({ hosts }) => hosts),
    plans: problems.flatMap(({ plans }) => plans),
    count: problems.reduce((sum, { count }) => sum + count, 0),
    since: Math.min(...problems.map(({ since }) => since)),
    latest: Math.max(...problems.map(({ latest }) => latest)),
  };
  return {
    key: keyOf(
      changes.map(({ after }) => after.key),
      subject,
    ),
    kioskIds: kiosksOf(subjects),
    reports: 'problem',
    problem,
  };
}

function ofEnds(ends: readonly OpenNotice[], subjects: readonly ProblemSubject[]): Report {
  const subject = common(subjects);
  const since = Math.min(...ends.map((one) => one.since));
  return {
    key: keyOf(
      ends.map(({ key }) => key),
      subject,
    ),
    kioskIds: kiosksOf(subjects),
    reports: 'recovery',
    subject,
    since,
    over: ends.length,
  };
}

function kiosksOf(subjects: readonly ProblemSubject[]): KioskId[] {
  return [...new Set(subjects.flatMap(({ kioskId }) => kioskId ?? []))];
}

/** Returns the key of a single problem, or the kind of several ones. */
function keyOf([key = '', ...others]: readonly string[], { kind }: ProblemSubject): string {
  return others.length === 0 ? key : kind;
}

/** Returns what the subjects of problems of one kind have in common. Fields that differ are null. */
function common(subjects: readonly ProblemSubject[]): ProblemSubject {
  return subjects.reduce((all, one) => ({
    kind: all.kind,
    kioskId: all.kioskId === one.kioskId ? all.kioskId : null,
    error: isSameError(all, one) ? all.error : null,
    days: all.days === one.days ? all.days : null,
    listener: all.listener === one.listener ? all.listener : null,
    plan: null,
  }));
}

function isSameError({ error: left }: ProblemSubject, { error: right }: ProblemSubject): boolean {
  return left?.kind === right?.kind && left?.errorCode === right?.errorCode;
}
