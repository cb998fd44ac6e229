import type { Journal } from './journal.ts';
import * as runs from './tables/runs.ts';
import type { Store } from './write-queue.ts';

type RunsPart = Pick<
  Journal,
  | 'startRun'
  | 'reopenRun'
  | 'endRun'
  | 'findRun'
  | 'listRuns'
  | 'saveRunCard'
  | 'findRunCard'
  | 'listRunCards'
>;

/** Runs of scenarios, card by card. */
export function sqliteRuns({ db, commit, environment, holder }: Store): RunsPart {
  return {
    startRun: async (run) => {
      const { user, host } = holder;
      const begun = { ...run, user, host };
      runs.insertRun(db, environment, begun);
      return begun;
    },
    reopenRun: async (id) => runs.reopenRun(db, environment, id),
    endRun: async (end) => runs.endRun(db, environment, end),
    findRun: async (id) => runs.findRun(db, environment, id),
    listRuns: async (limit) => runs.listRuns(db, environment, limit),
    saveRunCard: async ({ id, card, requests }) =>
      commit.write(() => {
        runs.putRunCard(db, environment, { id, card });
        runs.addRequests(db, environment, { id, requests });
      }),
    findRunCard: async (id, number) => runs.findRunCard(db, environment, { id, number }),
    listRunCards: async (id, page) => runs.listRunCards(db, environment, { id, ...page }),
  };
}
