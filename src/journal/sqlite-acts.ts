import { hostname } from 'node:os';
import type { ActRecord } from '../domain/act.ts';
import type { Journal } from './journal.ts';
import {
  endAct,
  findOrderRequest,
  insertAct,
  type KeptAct,
  listActs,
  recordOrderRequest,
} from './tables/acts.ts';
import { mayBeAlive } from './tables/leases.ts';
import type { Store } from './write-queue.ts';

type ActsPart = Pick<Journal, 'startAct' | 'endAct' | 'listActs' | 'findOrderRequest' | 'recordOrderRequest'>;

/** Who did what, and the idempotency keys of orders. */
export function sqliteActs({ db, commit, environment, holder }: Store): ActsPart {
  return {
    startAct: async (act) => commit.write(() => insertAct(db, environment, { act, holder })),
    endAct: async (id, end) => commit.write(() => endAct(db, id, end)),
    listActs: async (filter) => listActs(db, environment, filter).map(toActRecord),
    findOrderRequest: async (profileId, idempotencyKey) =>
      findOrderRequest(db, environment, { profileId, idempotencyKey }),
    recordOrderRequest: async (request, at) =>
      commit.write(() => recordOrderRequest(db, environment, { request, at })),
  };
}

function toActRecord({ holderPid: pid, holderStartedAt: startedAt, ...act }: KeptAct): ActRecord {
  if (act.endedAt !== null) return { ...act, isRunning: false };
  const { host, user } = act;
  const isTold = pid !== null && host === hostname();
  return { ...act, isRunning: isTold ? mayBeAlive({ host, user, pid, startedAt }) : null };
}
