import { insertList, selectList } from '../store/columns.ts';
import type { Scope, Store } from '../store/store.ts';

export interface ClockJournal {
  /** Returns how far the clock of the API was ahead of ours when it was last read, in milliseconds. */
  clockOffset(): Promise<number>;
  rememberClockOffset(milliseconds: number): Promise<void>;
}

export interface EnvironmentRow {
  /** The last event that is projected onto the cards. */
  foldedEventId: number;
  clockOffset: number;
}

export function environmentsTable(store: Store): ClockJournal {
  return {
    clockOffset: async () => (await findEnvironment(store)).clockOffset,
    rememberClockOffset: async (clockOffset) =>
      store.write(async (scope) => updateEnvironment(scope, { clockOffset })),
  };
}

const FIELDS = ['foldedEventId', 'clockOffset'] as const satisfies (keyof EnvironmentRow)[];

export async function findEnvironment({ db, environment }: Scope): Promise<EnvironmentRow> {
  const row = await db.get<EnvironmentRow>(
    `SELECT ${selectList(FIELDS)} FROM environments WHERE environment = :environment`,
    { environment },
  );
  return row ?? { foldedEventId: 0, clockOffset: 0 };
}

/** Changes fields of an environment, within a transaction. */
export async function updateEnvironment(scope: Scope, changes: Partial<EnvironmentRow>): Promise<void> {
  const { db, environment } = scope;
  await db.run(
    `INSERT INTO environments ${insertList([...FIELDS, 'environment'])}
     ON CONFLICT (environment) DO UPDATE SET folded_event_id = :foldedEventId, clock_offset = :clockOffset`,
    { ...(await findEnvironment(scope)), ...changes, environment },
  );
}
