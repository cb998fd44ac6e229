import { inTurns } from '../context/turns.ts';
import type { PlanRecord } from '../detached/plan.ts';
import { isOpen } from '../domain/attempt.ts';
import type { KioskId } from '../domain/ids.ts';
import {
  type CardFailure,
  failureOf,
  isExpiring,
  isUncertain,
  type JournalCard,
  kioskOf,
} from '../domain/selection.ts';
import { daysLeftSince } from '../domain/stage.ts';
import type { ProblemSubject } from '../journal/journal.ts';

/** The kinds of problems that people are notified of. `plan`: a detached plan ended or paused, also without a failure. */
export const PROBLEM_KINDS = ['failed', 'stuck', 'unknown', 'expiring', 'hold', 'listener', 'plan'] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

/** A problem, with the cards, kiosks or listeners that it affects. Times are milliseconds since the epoch. */
export interface Problem {
  subject: ProblemSubject;
  cards: readonly JournalCard[];
  /** Machines of stopped listeners. */
  hosts: readonly string[];
  plans: readonly PlanRecord[];
  /** Number of cards, or of gaps, stopped listeners or plans; 0 while all of them are being retried. */
  count: number;
  /** Times of the first and the latest failure, hold or stop; for a gap, its start and end; for a plan, its start. */
  since: number;
  latest: number;
}

/** The state from which problems are derived. Times are milliseconds since the epoch. */
export interface ProblemFacts {
  cards: readonly JournalCard[];
  /** Kiosks that have been on hold for long. */
  holds: readonly { kioskId: KioskId; heldAt: number }[];
  /** Recent periods without a listener. */
  gaps: readonly { from: number; to: number }[];
  /** Listeners that stopped recently, and that no other one replaced. */
  stopped: readonly { host: string; at: number }[];
  /** Detached plans that are paused, or ended recently. */
  plans: readonly PlanRecord[];
  /** Wise's clock. */
  now: number;
  /** Milliseconds in progress after which a card is stuck. */
  stuckAfter: number;
  /** Milliseconds without a result after which a request needs a person. Until then, it may be settled automatically. */
  unknownAfter: number;
}

/** Default time in progress after which a card counts as stuck, in milliseconds. */
export const STUCK_MS: number = 30 * 60_000;

/** Days left at which people are notified, most urgent first. */
const EXPIRING_DAYS = [1, 3, 7] as const;

/** Maximum number of characters of an error code from outside. */
const LONGEST_CODE = 100;

/** Returns the time since which a card is in progress; null if it is not. */
export function inProgressSince({ card, attempt, changedAt }: JournalCard): number | null {
  if (card.stage !== 'in-progress') return null;
  // A queued request has the production of the time before it.
  const times = [changedAt, isOpen(attempt) ? (attempt?.sentAt ?? null) : null].filter((at) => at !== null);
  return times.length > 0 ? Math.max(...times) : null;
}

/** True if a card is in progress for too long. @param now Wise's clock, in milliseconds since the epoch */
export function isStuck(one: JournalCard, { now, stuckAfter }: { now: number; stuckAfter: number }): boolean {
  const since = inProgressSince(one);
  return since !== null && now - since > stuckAfter;
}

/** Derives all problems, in no particular order. */
export async function findProblems(facts: ProblemFacts): Promise<Problem[]> {
  const found = new Gathered();
  await inTurns(facts.cards, (one) => addCard(found, one, facts));
  for (const { kioskId, heldAt } of facts.holds) found.add({ kind: 'hold', kioskId }, { from: heldAt });
  for (const gap of facts.gaps) found.add({ kind: 'listener', listener: 'gap' }, gap);
  for (const { host, at } of facts.stopped)
    found.add({ kind: 'listener', listener: 'stopped' }, { from: at, host });
  for (const plan of facts.plans) addPlan(found, plan);
  return found.problems;
}

/** Adds a card to its problems. */
function addCard(found: Gathered, card: JournalCard, { now, stuckAfter, unknownAfter }: ProblemFacts): void {
  const kioskId = kioskOf(card);
  const failure = failureOf(card);
  if (failure)
    found.add({ kind: 'failed', kioskId, error: shortened(failure) }, { card, from: failedAt(card) ?? now });
  const retried = retriedFailure(card);
  if (retried) found.keep({ kind: 'failed', ...retried });
  if (isStuck(card, { now, stuckAfter }))
    found.add({ kind: 'stuck', kioskId }, { card, from: inProgressSince(card) ?? now });
  const sentAt = card.attempt?.sentAt ?? card.changedAt;
  if (isUncertain(card) && sentAt !== null && now - sentAt > unknownAfter)
    found.add({ kind: 'unknown', kioskId }, { card, from: sentAt });
  const days = daysOf(card);
  if (days !== null)
    found.add({ kind: 'expiring', days }, { card, from: daysLeftSince(card.createdAt, days) ?? now });
}

/** Adds a detached plan. Each of its ends and pauses is a problem of its own. */
function addPlan(found: Gathered, plan: PlanRecord): void {
  const { id, state, approval, approver, startedAt } = plan;
  const kioskId = onlyKiosk(plan);
  const subject = { id, state, approval: approval.number };
  found.add({ kind: 'plan', kioskId, plan: subject }, { from: startedAt ?? approver.at, plan });
}

function onlyKiosk({ kioskIds: [kioskId, ...others] }: PlanRecord): KioskId | null {
  return kioskId === undefined || others.length > 0 ? null : kioskId;
}

/** Returns the key of a subject, which is the same for equal problems. */
export function problemKey({ kind, listener, days, kioskId, error, plan }: ProblemSubject): string {
  const ofError = [error?.kind, error && (error.errorCode ?? 'UNKNOWN_ERROR')];
  const of = [listener, days, kioskId, ...ofError, plan?.id, plan?.state, plan?.approval];
  return [kind, ...of.filter((part) => part !== null && part !== undefined)].join(' ');
}

type About = Partial<ProblemSubject> & Pick<ProblemSubject, 'kind'>;

/** One part of a problem. A gap has an end, a stopped listener a machine. */
interface Part {
  from: number;
  to?: number;
  card?: JournalCard;
  host?: string;
  plan?: PlanRecord;
}

type Growing = Problem & { cards: JournalCard[]; hosts: string[]; plans: PlanRecord[] };

/** Gathers the parts of equal problems. */
class Gathered {
  readonly #problems = new Map<string, Growing>();

  get problems(): Problem[] {
    return [...this.#problems.values()];
  }

  add(about: About, { from, to = from, card, host, plan }: Part): void {
    const problem = this.keep(about);
    problem.count += 1;
    if (card) problem.cards.push(card);
    if (host !== undefined) problem.hosts.push(host);
    if (plan) problem.plans.push(plan);
    const isLatest = problem.latest <= to;
    // Of several gaps, the latest one is shown.
    if (about.listener === 'gap' ? isLatest : from < problem.since) problem.since = from;
    if (isLatest) problem.latest = to;
  }

  /** Keeps a problem open while all of its cards are being retried. */
  keep(about: About): Growing {
    const subject: ProblemSubject = {
      kioskId: null,
      error: null,
      days: null,
      listener: null,
      plan: null,
      ...about,
    };
    const key = problemKey(subject);
    const nothing = { count: 0, since: Number.POSITIVE_INFINITY, latest: Number.NEGATIVE_INFINITY };
    const problem = this.#problems.get(key) ?? { subject, cards: [], hosts: [], plans: [], ...nothing };
    this.#problems.set(key, problem);
    return problem;
  }
}

function shortened({ kind, errorCode }: CardFailure): CardFailure {
  return { kind, errorCode: errorCode?.slice(0, LONGEST_CODE) ?? null };
}

function failedAt({ attempt, changedAt }: JournalCard): number | null {
  return attempt?.outcome === 'refused' ? attempt.closedAt : changedAt;
}

/** Returns the failure before an open attempt. The card has not recovered until that attempt has a result. */
function retriedFailure({ attempt }: JournalCard): Pick<ProblemSubject, 'kioskId' | 'error'> | null {
  const before = isOpen(attempt) ? attempt?.baseline : null;
  if (before?.status !== 'PRODUCTION_ERROR') return null;
  return { kioskId: before.kioskId, error: shortened({ kind: 'production', errorCode: before.errorCode }) };
}

function daysOf({ card }: JournalCard): number | null {
  if (!isExpiring(card)) return null;
  return EXPIRING_DAYS.find((days) => (card.daysLeft ?? days + 1) <= days) ?? null;
}
