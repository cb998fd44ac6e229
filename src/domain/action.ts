import { meaningOf } from './errors/exit-codes.ts';
import type { CardToken, KioskId } from './ids.ts';
import { redact } from './text/redaction.ts';
import { utcTime } from './times/vendor-time.ts';

/**
 * Kinds of user actions in the audit log. `destroyed`: a user destroyed a rejected card by hand. `approve` and
 * `cancel-plan`: of a detached plan.
 */
export const ACTIONS = [
  'order',
  'produce',
  'retry',
  'abandon',
  'simulate',
  'cancel',
  'hold',
  'release',
  'destroyed',
  'subscribe',
  'unsubscribe',
  'test-webhook',
  'restore',
  'move',
  'approve',
  'cancel-plan',
] as const;

export type ActionName = (typeof ACTIONS)[number];

/** An action in the audit log. Times are milliseconds since the epoch. */
export interface ActionRecord {
  id: number;
  action: ActionName;
  context: string;
  /** 0 for an action on the application's webhook subscriptions, which belong to no profile. */
  profileId: number;
  orderId: number | null;
  /** The card of the action or of its attempt. */
  cardToken: CardToken | null;
  kioskId: KioskId | null;
  reason: string | null;
  selection: string | null;
  user: string;
  host: string;
  /**
   * Login to the server of the journal; null if the action was recorded in a file, even if the file was moved to a
   * server later.
   */
  login: string | null;
  startedAt: number;
  /** null while the action is running, and if its process was killed. */
  endedAt: number | null;
  /**
   * True if the process is still performing the action; null if that is unknown, because it runs on another machine or
   * was not recorded.
   */
  isRunning: boolean | null;
  exitCode: number | null;
  attemptId: string | null;
  correlationId: string | null;
  traceId: string | null;
  /** Id of the detached plan to which the action belongs; null for a command. */
  plan: string | null;
  /** The user who approved the plan, if a server acted for it; null otherwise. */
  approver: { user: string; host: string; login: string | null } | null;
}

/**
 * The result of an action. `died`: its process was killed. `unknown`: no end is recorded, and its process is on another
 * machine.
 */
type ActionOutcome = 'done' | 'failed' | 'running' | 'died' | 'unknown';

export function outcomeOfAction({ endedAt, exitCode, isRunning }: ActionRecord): ActionOutcome {
  if (endedAt !== null) return exitCode === 0 ? 'done' : 'failed';
  if (isRunning === null) return 'unknown';
  return isRunning ? 'running' : 'died';
}

/** Converts an action to its JSON form. Times are ISO 8601 in UTC. */
export function toActionDocument(record: ActionRecord) {
  const { id, action, user, host, login, context, startedAt, endedAt, exitCode, profileId } = record;
  return {
    id,
    act: action,
    by: `${user}@${host}`,
    login,
    context,
    startedAt: utcTime(startedAt),
    endedAt: utcTime(endedAt),
    outcome: outcomeOfAction(record),
    exitCode,
    meaning: meaningOf(exitCode),
    profileId: profileId === 0 ? null : profileId,
    orderId: record.orderId,
    cardToken: record.cardToken,
    kioskId: record.kioskId,
    attemptId: record.attemptId,
    reason: record.reason && redact(record.reason),
    selection: record.selection,
    correlationId: record.correlationId,
    traceId: record.traceId,
    plan: record.plan,
    approvedBy: record.approver && `${record.approver.user}@${record.approver.host}`,
  };
}
