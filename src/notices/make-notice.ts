import { randomUUID } from 'node:crypto';
import type { Context } from '../context/context.ts';
import type { PlanRecord, PlanState } from '../detached/plan.ts';
import { formatReference, type KioskId, shortNames } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import type { Runbook } from '../domain/runbook.ts';
import { type JournalCard, kioskOf } from '../domain/selection.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { NoticeKind } from './decide-notices.ts';
import type { Report } from './gather-reports.ts';
import type { Problem, ProblemKind } from './problem.ts';
import {
  adviceOn,
  commandFor,
  describeProblem,
  describeRecovery,
  type ProblemAdvice,
} from './problem-words.ts';

/** A notice, as targets with the format `json` receive it. Times are ISO 8601 in UTC; unknown values are null. */
export interface Notice {
  schemaVersion: 1;
  /** Id of the notice. All deliveries to all targets have the same id. */
  id: string;
  /** Id of the problem. All notices about a problem have it. */
  key: string;
  kind: NoticeKind | 'test';
  /** Kind of the problem. */
  problem: ProblemKind | null;
  environment: string;
  createdAt: string;
  title: string;
  kioskId: KioskId | null;
  /** Number of cards, gaps, listeners or plans; 0 after the end of the problem. */
  count: number;
  /** Short names of the first cards. */
  cards: string[];
  /** Number of cards by kiosk, for problems of several kiosks; 0 for holds and after the end. */
  kiosks: { kioskId: KioskId | null; cards: number }[];
  /** Machines of stopped listeners. */
  hosts: string[];
  /** The first detached plans that ended or paused. */
  plans: NoticePlan[];
  since: string | null;
  /** End of a gap or of a plan. */
  until: string | null;
  advice: ProblemAdvice | null;
  /** Command to run, quoted for a shell. */
  command: string | null;
}

/** A detached plan in a notice, with the number of its cards by result. It has no name of its approver, and no reason. */
interface NoticePlan {
  id: string;
  state: PlanState;
  kioskIds: KioskId[];
  /** Exit code of a plan that ended. */
  exitCode: number | null;
  cards: number;
  done: number;
  failed: number;
  left: number;
}

/** Maximum numbers of named cards, kiosks, machines and plans. */
const NAMED = 5;

/** Maximum number of characters of a text from the runbook or from Wise. */
const LONGEST_TEXT = 300;

/** Data for notices, besides the problems. */
interface NoticeWorld {
  environment: string;
  runbook: Runbook;
  /** Milliseconds since the epoch. */
  now: number;
  /** Short names of cards by their references. */
  names: ReadonlyMap<string, string>;
}

/** Makes the notice about a problem, or about the end of problems. */
export function makeNotice(report: Report, world: NoticeWorld): Notice {
  if (report.reports === 'recovery') return ofRecovery(report, world);
  return ofProblem(report, world);
}

/** Makes a notice that tests a target. */
export function makeTestNotice(world: Pick<NoticeWorld, 'environment' | 'now'>): Notice {
  return {
    ...blank(world),
    key: 'test',
    kind: 'test',
    problem: null,
    title: 'Test notice: this target receives notices',
  };
}

function ofProblem(
  { key, kioskIds, problem }: Extract<Report, { reports: 'problem' }>,
  world: NoticeWorld,
): Notice {
  const { subject, cards, hosts, plans, count, since, latest } = problem;
  const { kind, kioskId, listener } = subject;
  return {
    ...blank(world),
    key: clean(key),
    kind,
    problem: kind,
    title: clean(describeProblem(problem)),
    kioskId,
    count,
    cards: cards.slice(0, NAMED).map(({ card }) => world.names.get(formatReference(card)) ?? orderName(card)),
    kiosks: kioskId === null ? countByKiosk(cards, kind === 'hold' ? kioskIds : []) : [],
    hosts: hosts.slice(0, NAMED).map(clean),
    plans: plans.slice(0, NAMED).map(toNoticePlan),
    since: kind === 'expiring' ? null : utcTime(since),
    until: listener === 'gap' ? utcTime(latest) : endOf(plans),
    advice: haveSucceeded(plans) ? null : cleanAdvice(adviceOn(subject, world.runbook)),
    command: commandLine(commandFor(subject), { flags: ['--environment', world.environment] }),
  };
}

function ofRecovery(
  { key, kioskIds, subject, since, over }: Extract<Report, { reports: 'recovery' }>,
  world: NoticeWorld,
): Notice {
  return {
    ...blank(world),
    key: clean(key),
    kind: 'recovered',
    problem: subject.kind,
    title: clean(describeRecovery(subject, over, kioskIds)),
    kioskId: subject.kioskId,
    kiosks: subject.kioskId === null ? countByKiosk([], kioskIds) : [],
    since: utcTime(since),
  };
}

function blank({ environment, now }: Pick<NoticeWorld, 'environment' | 'now'>) {
  return {
    schemaVersion: 1 as const,
    id: randomUUID(),
    environment,
    createdAt: utcTime(now),
    kioskId: null,
    count: 0,
    cards: [],
    kiosks: [],
    hosts: [],
    plans: [],
    since: null,
    until: null,
    advice: null,
    command: null,
  };
}

function toNoticePlan({ id, state, kioskIds, exitCode, cards, counts }: PlanRecord): NoticePlan {
  return { id, state, kioskIds: kioskIds.slice(0, NAMED), exitCode, cards, ...counts };
}

/** Returns the end of a single plan. */
function endOf([plan, ...others]: readonly PlanRecord[]): string | null {
  return plan && others.length === 0 ? utcTime(plan.endedAt) : null;
}

/** True for plans that all ended without a failure. */
export function haveSucceeded(plans: readonly { exitCode: number | null }[]): boolean {
  return plans.length > 0 && plans.every(({ exitCode }) => exitCode === 0);
}

/** Returns a name without a token, for a card that has no short name. */
function orderName({ profileId, orderId }: { profileId: number; orderId: number | null }): string {
  return `${profileId}/${orderId ?? '…'}`;
}

/** Counts cards by kiosk. @param others kiosks without a card */
function countByKiosk(cards: readonly JournalCard[], others: readonly KioskId[]): Notice['kiosks'] {
  return [...Map.groupBy(cards, kioskOf)]
    .map(([kioskId, { length }]) => ({ kioskId, cards: length }))
    .concat(others.map((kioskId) => ({ kioskId, cards: 0 })))
    .toSorted((left, right) => right.cards - left.cards)
    .slice(0, NAMED);
}

/** Removes control characters from a text from outside, and shortens it. */
function clean(text: string): string {
  return printable(text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text);
}

function cleanAdvice({ code, meaning, owner, nextStep, contact, link }: ProblemAdvice): ProblemAdvice {
  return {
    code: code && clean(code),
    meaning: clean(meaning),
    owner: clean(owner),
    nextStep: clean(nextStep),
    contact: contact && clean(contact),
    // A shortened address leads nowhere.
    link: link !== null && link.length <= LONGEST_TEXT ? link : null,
  };
}

/** Returns the short names of the first cards of some problems, by their references. */
export async function nameCards(
  { journal }: Pick<Context, 'journal'>,
  problems: readonly Problem[],
): Promise<Map<string, string>> {
  const named = problems.flatMap(({ cards }) => cards.slice(0, NAMED));
  const tokens = named.flatMap(({ card }) => card.cardToken ?? []);
  const prefixes = [...new Set(tokens.map((token) => token.slice(0, 8)))];
  return shortNames(prefixes.length > 0 ? await journal.listCardsByPrefix(prefixes) : []);
}
