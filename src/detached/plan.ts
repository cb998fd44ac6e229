import type { ExitCode } from '../domain/errors/exit-codes.ts';
import type { FailureDocument } from '../domain/errors/failure.ts';
import type { KioskId } from '../domain/ids.ts';
import type { ProduceSettings, Simulation } from '../domain/production.ts';
import type { PlanTerms } from './plan-terms.ts';
import { atLeastSince, beatOf, elapsedSince, type PlanClocks, type PlanMoment } from './plan-time.ts';

/**
 * The state of a detached plan. `approved`: waits for a server. `paused`: needs a new approval. `done`: carried out, with
 * an exit code. `expired`: no server started it in time.
 */
export const PLAN_STATES = ['approved', 'running', 'paused', 'done', 'cancelled', 'expired'] as const;

export type PlanState = (typeof PLAN_STATES)[number];

const OPEN_STATES: ReadonlySet<PlanState> = new Set<PlanState>(['approved', 'running', 'paused']);

/** The approval of a plan by a user. A plan that paused gets another one. */
export interface PlanApproval {
  /** Id of the action in the audit log, which has user, machine, login, reason and time. */
  action: number;
  /** Number of the approval, from 1. */
  number: number;
  /** Milliseconds within which a server must start. */
  startWithin: number;
  moment: PlanMoment;
}

/** The constant part of a plan. */
export interface PlanFacts {
  id: string;
  kind: 'recover' | 'retry';
  terms: PlanTerms;
  kioskIds: KioskId[];
  /** Number of cards. */
  cards: number;
  /** Name of the selection in the audit log. */
  selection: string;
  /** Number of consecutive failures that stop a kiosk. */
  maxFailures: number;
  /** Timeout for each card in milliseconds; null for none. */
  timeout: number | null;
  settings: ProduceSettings;
  simulation: Simulation | null;
}

/** The process that carries out a plan, or did so last. */
interface PlanExecutor {
  user: string;
  host: string;
  pid: number;
}

/** A process that changes a plan, with the id of its open journal. */
export interface PlanProcess {
  executor: PlanExecutor;
  connection: string;
}

/** The part of a plan that changes. Times are milliseconds since the epoch. */
export interface PlanProgress {
  state: PlanState;
  approval: PlanApproval;
  executor: PlanExecutor | null;
  /** Id of the open journal of the executor, without which nothing is sent. */
  connection: string | null;
  /** The executor's last sign of life. */
  beat: PlanMoment | null;
  startedAt: number | null;
  endedAt: number | null;
  exitCode: ExitCode | null;
  /** Why the plan paused, was cancelled or expired, as a sentence. */
  cause: string | null;
  /** Why the plan ended before its last card; null for none. */
  error: FailureDocument | null;
}

/** The approver, from the audit log. */
export interface Approver {
  user: string;
  host: string;
  /** Login to the server of the journal; null for a file. */
  login: string | null;
  reason: string | null;
  /** Milliseconds since the epoch, for display only. */
  at: number;
}

/** Number of cards of a plan, by result. */
export interface PlanCounts {
  done: number;
  failed: number;
  left: number;
}

/** A plan in the journal. */
export interface PlanRecord extends PlanFacts, PlanProgress {
  approver: Approver;
  counts: PlanCounts;
  /** False if the journal was restored since the plan was made. */
  isOfJournal: boolean;
}

/** Default time within which a server must start a plan, in milliseconds. */
export const START_WITHIN_MS = 15 * 60_000;

/** Time without an executor after which a plan pauses, in milliseconds. */
export const PLAN_GAP_MS = 60_000;

export function isOpenPlan({ state }: Pick<PlanRecord, 'state'>): boolean {
  return OPEN_STATES.has(state);
}

/** Changes of a plan. */
export type PlanChange = Partial<Omit<PlanProgress, 'approval'>> & { approval?: PlanApproval };

/** Returns the change of an open plan that time or a restore requires; null for none. */
export function reviewPlan(plan: PlanRecord, now: PlanClocks): PlanChange | null {
  if (!isOpenPlan(plan)) return null;
  if (!plan.isOfJournal)
    return ended('cancelled', 'The journal was restored or moved, or its server failed over.');
  const { state, approval, beat } = plan;
  if (state === 'approved' && atLeastSince(approval.moment, now) > approval.startWithin) return EXPIRED;
  if (state === 'running' && beat && atLeastSince(beat, now) > PLAN_GAP_MS) return PAUSED;
  return null;
}

/** Change to a state that ends the plan. The journal adds the time. */
function ended(state: 'cancelled' | 'expired', cause: string): PlanChange {
  return { state, cause, exitCode: 9 };
}

const EXPIRED = ended('expired', 'No server started it in time.');
const UNPROVEN = ended('expired', 'No clock proves that the approval is recent enough.');
const PAUSED: PlanChange = {
  state: 'paused',
  cause: 'Its server or the journal was away for over a minute.',
};

/**
 * Starts a plan, or continues one whose executor has ended. The caller has the leases on the plan, its kiosks and cards.
 * @returns null if the plan can't be started
 */
export function startPlan(
  plan: PlanRecord,
  now: PlanClocks,
  by: PlanProcess & { at: number },
): PlanChange | null {
  const review = reviewPlan(plan, now);
  if (review) return review;
  const { at, ...owner } = by;
  const { state, approval, beat } = plan;
  const begun = { ...owner, state: 'running', beat: beatOf(now), startedAt: plan.startedAt ?? at } as const;
  if (state === 'approved') return elapsedSince(approval.moment, now) === null ? UNPROVEN : begun;
  if (state === 'running') return beat && elapsedSince(beat, now) !== null ? begun : PAUSED;
  return null;
}

/** Confirms that an executor carries out a plan. @returns null if it no longer does */
export function beatPlan(
  plan: PlanRecord,
  now: PlanClocks,
  { connection }: Pick<PlanProcess, 'connection'>,
): PlanChange | null {
  const review = reviewPlan(plan, now);
  if (review) return review;
  const isOurs = plan.state === 'running' && plan.connection === connection;
  return isOurs ? { beat: beatOf(now) } : null;
}

/** Pauses a plan that its executor can't carry out. @returns null if another process has changed it */
export function pausePlan(
  plan: PlanRecord,
  now: PlanClocks,
  { connection, cause }: Pick<PlanProcess, 'connection'> & { cause: string },
): PlanChange | null {
  const beat = beatPlan(plan, now, { connection });
  return !beat || beat.state ? beat : { state: 'paused', cause };
}

/** Ends a plan. @returns null if another process has changed it */
export function finishPlan(
  plan: PlanRecord,
  now: PlanClocks,
  end: { connection: string; exitCode: ExitCode; error: FailureDocument | null },
): PlanChange | null {
  const beat = beatPlan(plan, now, end);
  if (!beat || beat.state) return beat;
  const { exitCode, error } = end;
  return { state: 'done', exitCode, error };
}

/** Cancels an open plan. @returns null if it has ended */
export function cancelPlan(plan: PlanRecord, cause: string): PlanChange | null {
  return isOpenPlan(plan) ? ended('cancelled', cause) : null;
}

/** Approves a plan that paused once more. @returns null for any other plan */
export function approvePlan(
  plan: PlanRecord,
  now: PlanClocks,
  approved: Omit<PlanApproval, 'number'>,
): PlanChange | null {
  const review = reviewPlan(plan, now);
  if (review && review.state !== 'paused') return review;
  if (!review && plan.state !== 'paused') return null;
  const approval = { ...approved, number: plan.approval.number + 1 };
  return { state: 'approved', approval, connection: null, beat: null, cause: null };
}
