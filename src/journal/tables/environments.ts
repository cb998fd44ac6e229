import type { Database } from '../../database/sqlite.ts';

/** Up to which event the cards are told, and how far the API's clock is ahead of ours in milliseconds. */
export interface EnvironmentRow {
  folded_event_id: number;
  clock_offset: number;
}

export function findEnvironment(db: Database, environment: string): EnvironmentRow {
  const row = db.get<EnvironmentRow>(
    'SELECT folded_event_id, clock_offset FROM environments WHERE environment = :environment',
    { environment },
  );
  return row ?? { folded_event_id: 0, clock_offset: 0 };
}

export function putEnvironment(
  db: Database,
  environment: string,
  { folded_event_id: eventId, clock_offset: clockOffset }: EnvironmentRow,
): void {
  db.run(
    `INSERT INTO environments (environment, folded_event_id, clock_offset) VALUES (:environment, :eventId, :clockOffset)
     ON CONFLICT (environment) DO UPDATE SET folded_event_id = :eventId, clock_offset = :clockOffset`,
    { environment, eventId, clockOffset },
  );
}
