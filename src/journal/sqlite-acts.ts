import { hostname } from 'node:os';
import type { ActionRecord } from '../domain/action.ts';
import type { Journal } from './journal.ts';
import {
  endAction,
  findOrderRequest,
  insertAction,
  type KeptAction,
  listActions,
  recordOrderRequest,
} from './tables/actions.ts';
import { mayBeAlive } from './tables/leases.ts';
import type { Store } from './write-queue.ts';

type ActionsPart = Pick<
  Journal,
  'startAction' | 'endAction' | 'listActions' | 'findOrderRequest' | 'recordOrderRequest'
>;

/** Who did what, and the idempotency keys of orders. */
export function sqliteActions({ db, commit, environment, holder }: Store): ActionsPart {
  return {
    startAction: async (act) => commit.write(() => insertAction(db, environment, { act, holder })),
    endAction: async (id, end) => commit.write(() => endAction(db, id, end)),
    listActions: async (filter) => listActions(db, environment, filter).map(toActionRecord),
    findOrderRequest: async (profileId, idempotencyKey) =>
      findOrderRequest(db, environment, { profileId, idempotencyKey }),
    recordOrderRequest: async (request, at) =>
      commit.write(() => recordOrderRequest(db, environment, { request, at })),
  };
}

function toActionRecord({ holderPid: pid, holderStartedAt: startedAt, ...action }: KeptAction): ActionRecord {
  if (action.endedAt !== null) return { ...action, isRunning: false };
  const { host, user } = action;
  const isTold = pid !== null && host === hostname();
  return { ...action, isRunning: isTold ? mayBeAlive({ host, user, pid, startedAt }) : null };
}
