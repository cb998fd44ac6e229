import type { ActionName, ActionRecord } from '../../domain/action.ts';
import type { OwnerProcess } from '../../domain/attempt.ts';
import type { KioskId } from '../../domain/ids.ts';
import { PLANS_SCHEMA } from '../servers/plans.ts';
import { insertList } from '../store/columns.ts';
import { Conditions } from '../store/conditions.ts';
import { isRunning } from '../store/owner.ts';
import { present, type Scope, type Store } from '../store/store.ts';
import type { CardKey } from './cards.ts';

/** Id of a detached plan, and of the action that approved it; null for that action itself. */
export interface ActionPlan {
  id: string;
  approval: number | null;
}

/** An action that starts. */
export interface NewAction
  extends Pick<
    ActionRecord,
    'action' | 'context' | 'profileId' | 'orderId' | 'cardToken' | 'kioskId' | 'reason'
  > {
  /** Id of the selection to which the action belongs; null for a card that the user named. */
  selection?: string | null;
  /** The plan to which the action belongs. */
  plan?: ActionPlan | null;
  /** Milliseconds since the epoch, as all times in this file. */
  at: number;
}

export interface ActionEnd {
  exitCode: number;
  at: number;
  orderId?: number | null;
  attemptId?: string | null;
  traceId?: string | null;
}

/** Filter for actions. Fields are ANDed. */
export interface ActionFilter {
  actions?: readonly ActionName[];
  /** The card of the action, by token or order. */
  card?: CardKey;
  /** Selects actions whose kiosk, or whose attempt's kiosk, is one of these. */
  kioskIds?: readonly KioskId[];
  user?: string;
  host?: string;
  selection?: string;
  /** Selects actions that failed or have not ended. */
  isFailed?: boolean;
  /** Range of the start time: `since` is inclusive, `until` exclusive. */
  since?: number;
  until?: number;
  /** Maximum number of actions. Selects the newest; the result is still sorted oldest first. */
  limit?: number;
}

/** Methods for the audit log. */
export interface ActionsJournal {
  startAction(action: NewAction): Promise<number>;
  endAction(id: number, end: ActionEnd): Promise<void>;
  /** Lists matching actions, oldest first. */
  listActions(filter: ActionFilter): Promise<ActionRecord[]>;
  /** Counts matching actions, ignoring the limit. */
  countActions(filter: ActionFilter): Promise<number>;
}

/** Creates the methods for actions. The SQL table is named `acts`. */
export function actionsTable(store: Store): ActionsJournal {
  return {
    startAction: async (action) => store.write(async (scope) => insertAction(scope, store, action)),
    endAction: async (id, end) => store.write(async (scope) => endAction(scope, id, end)),
    listActions: async (filter) =>
      (await listActions(store, filter)).map((row) => toActionRecord(row, store.owner)),
    countActions: async (filter) => countActions(store, filter),
  };
}

const INSERTED =
  'environment context act profileId orderId cardToken kioskId reason selection host user holderPid holderStartedAt holderBoot holderNamespace startedAt'.split(
    ' ',
  );

async function insertAction(
  { db, environment }: Scope,
  { owner }: Store,
  { action: act, at, selection = null, plan = null, ...action }: NewAction,
): Promise<number> {
  const { host, user, pid, startedAt, boot, namespace } = owner;
  // The schema on a server may be older than plans.
  const ofPlan = plan && { plan: plan.id, approval: plan.approval };
  const fields = [...INSERTED, ...Object.keys(ofPlan ?? {})];
  const row = await db.get<{ id: number }>(`INSERT INTO acts ${insertList(fields)} RETURNING id`, {
    ...action,
    ...ofPlan,
    environment,
    act,
    selection,
    host,
    user,
    holderPid: pid,
    holderStartedAt: startedAt,
    holderBoot: boot,
    holderNamespace: namespace,
    startedAt: at,
  });
  return present(row).id;
}

async function endAction({ db }: Scope, id: number, end: ActionEnd): Promise<void> {
  const { exitCode, at, orderId = null, attemptId = null, traceId = null } = end;
  await db.run(
    `UPDATE acts SET exit_code = :exitCode, ended_at = :at, order_id = COALESCE(:orderId, order_id),
       attempt_id = :attemptId, trace_id = :traceId
     WHERE id = :id AND ended_at IS NULL`,
    { id, exitCode, at, orderId, attemptId, traceId },
  );
}

/** SQL expression for the kiosk of an action. A retry to the previous kiosk has it only in the action's attempt. */
const KIOSK = 'COALESCE(acts.kiosk_id, attempts.kiosk_id)';
/** SQL expression for the card of an action. If the user named an order, only the action's attempt has the card. */
const CARD = 'COALESCE(acts.card_token, attempts.card_token)';

const WITH_ATTEMPTS = 'acts LEFT JOIN attempts ON attempts.id = acts.attempt_id';

/** A row with the process of the action. Actions of old journals have none. */
interface ActionRow extends Omit<ActionRecord, 'isRunning' | 'approver'> {
  approverUser: string | null;
  approverHost: string | null;
  approverLogin: string | null;
  holderPid: number | null;
  holderStartedAt: string | null;
  holderBoot: string | null;
  holderNamespace: string | null;
}

async function listActions(store: Store, filter: ActionFilter): Promise<ActionRow[]> {
  const { db, environment } = store;
  const hasPlans = await store.hasSchema(PLANS_SCHEMA);
  const ofPlan = hasPlans
    ? 'acts.plan, approvals."user" AS "approverUser", approvals.host AS "approverHost", approvals.login AS "approverLogin"'
    : 'NULL AS plan, NULL AS "approverUser", NULL AS "approverHost", NULL AS "approverLogin"';
  const approvals = hasPlans ? 'LEFT JOIN acts AS approvals ON approvals.id = acts.approval' : '';
  const conditions = conditionsOf(environment, filter);
  return db.all(
    `SELECT * FROM (
       SELECT acts.id, acts.act AS "action", acts.context, acts.profile_id AS "profileId", acts.order_id AS "orderId",
         ${CARD} AS "cardToken", ${KIOSK} AS "kioskId", acts.reason, acts.selection, acts."user", acts.host, acts.login,
         acts.started_at AS "startedAt", acts.ended_at AS "endedAt", acts.exit_code AS "exitCode",
         acts.attempt_id AS "attemptId", attempts.correlation_id AS "correlationId",
         COALESCE(acts.trace_id, attempts.trace_id) AS "traceId", acts.holder_pid AS "holderPid",
         acts.holder_started_at AS "holderStartedAt", acts.holder_boot AS "holderBoot",
         acts.holder_namespace AS "holderNamespace", ${ofPlan}
       FROM ${WITH_ATTEMPTS} ${approvals}
       WHERE ${conditions.where} ORDER BY acts.id DESC ${conditions.limit(filter.limit)}
     ) AS newest ORDER BY id`,
    conditions.parameters,
  );
}

async function countActions({ db, environment }: Scope, filter: ActionFilter): Promise<number> {
  const { where, parameters } = conditionsOf(environment, filter);
  const count = `SELECT COUNT(*) AS total FROM ${WITH_ATTEMPTS} WHERE ${where}`;
  return present(await db.get<{ total: number }>(count, parameters)).total;
}

function conditionsOf(environment: string, filter: ActionFilter): Conditions {
  const { actions, card, kioskIds, isFailed } = filter;
  const conditions = new Conditions('acts.environment = :environment', { environment });
  if (actions) conditions.add(`acts.act IN (${conditions.list('act', actions)})`);
  if (kioskIds) conditions.add(`${KIOSK} IN (${conditions.list('kiosk', kioskIds)})`);
  if (card) conditions.add(`(${CARD} = :cardToken OR acts.order_id = :orderId)`, { ...card });
  if (isFailed) conditions.add('(acts.exit_code IS NULL OR acts.exit_code <> 0)');
  conditions.compare('acts."user" = :user', filter.user);
  conditions.compare('acts.host = :host', filter.host);
  conditions.compare('acts.selection = :selection', filter.selection);
  conditions.compare('acts.started_at >= :since', filter.since);
  conditions.compare('acts.started_at < :until', filter.until);
  return conditions;
}

function toActionRecord(row: ActionRow, own: OwnerProcess): ActionRecord {
  const { holderPid: pid, holderStartedAt: startedAt, holderBoot: boot, holderNamespace, ...rest } = row;
  const { approverUser, approverHost, approverLogin, ...fields } = rest;
  const approver =
    approverUser === null ? null : { user: approverUser, host: approverHost ?? '', login: approverLogin };
  const action = { ...fields, approver };
  if (action.endedAt !== null) return { ...action, isRunning: false };
  const { host, user } = action;
  const owner = { host, user, startedAt, boot, namespace: holderNamespace };
  return { ...action, isRunning: pid === null ? null : isRunning({ ...owner, pid }, own) };
}
