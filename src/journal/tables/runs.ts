import type { Database } from '../../database/sqlite.ts';
import type { RunCard, RunRecord, RunRequests } from '../../domain/run.ts';
import type { RunEnd } from './records.ts';

interface RunRow {
  facts: string;
  ended_at: number | null;
  exit_code: number | null;
  sessions: number;
  reads: number;
  sends: number;
  limited: number;
  freed: string;
}

const COLUMNS = 'facts, ended_at, exit_code, sessions, reads, sends, limited, freed';

/** What of a run never changes. */
type Facts = Omit<RunRecord, 'endedAt' | 'exitCode' | 'sessions' | 'requests' | 'freed'>;

export function insertRun(db: Database, environment: string, run: RunRecord): void {
  const { endedAt, exitCode, sessions, requests, freed, ...facts } = run;
  db.run(
    `INSERT INTO runs (environment, id, facts, started_at, ended_at, exit_code, sessions, reads, sends, limited, freed)
     VALUES (:environment, :id, :facts, :startedAt, :endedAt, :exitCode, :sessions, :reads, :sends, :limited, :freed)`,
    {
      environment,
      id: run.id,
      facts: JSON.stringify(facts satisfies Facts),
      startedAt: run.startedAt,
      endedAt,
      exitCode,
      sessions,
      ...requests,
      freed: JSON.stringify(freed),
    },
  );
}

export function findRun(db: Database, environment: string, id: string): RunRecord | null {
  const row = db.get<RunRow>(`SELECT ${COLUMNS} FROM runs WHERE environment = :environment AND id = :id`, {
    environment,
    id,
  });
  return row ? toRun(row) : null;
}

/** Newest first. */
export function listRuns(db: Database, environment: string, limit: number): RunRecord[] {
  return db
    .all<RunRow>(
      `SELECT ${COLUMNS} FROM runs WHERE environment = :environment ORDER BY started_at DESC, id DESC LIMIT :limit`,
      { environment, limit },
    )
    .map(toRun);
}

export function reopenRun(db: Database, environment: string, id: string): void {
  db.run(
    `UPDATE runs SET sessions = sessions + 1, ended_at = NULL, exit_code = NULL
     WHERE environment = :environment AND id = :id`,
    { environment, id },
  );
}

export function addRequests(
  db: Database,
  environment: string,
  { id, requests }: { id: string; requests: RunRequests },
): void {
  db.run(
    `UPDATE runs SET reads = reads + :reads, sends = sends + :sends, limited = limited + :limited
     WHERE environment = :environment AND id = :id`,
    { environment, id, ...requests },
  );
}

export function endRun(db: Database, environment: string, { id, at, exitCode, freed }: RunEnd): void {
  db.run(
    `UPDATE runs SET ended_at = :at, exit_code = :exitCode, freed = :freed
     WHERE environment = :environment AND id = :id`,
    { environment, id, at, exitCode, freed: JSON.stringify(freed) },
  );
}

export function putRunCard(
  db: Database,
  environment: string,
  { id, card }: { id: string; card: RunCard },
): void {
  db.run(
    `INSERT INTO run_cards (environment, run_id, number, ended_at, record)
     VALUES (:environment, :id, :number, :endedAt, :record)
     ON CONFLICT (environment, run_id, number) DO UPDATE SET ended_at = :endedAt, record = :record`,
    { environment, id, number: card.number, endedAt: card.endedAt, record: JSON.stringify(card) },
  );
}

export function findRunCard(
  db: Database,
  environment: string,
  { id, number }: { id: string; number: number },
): RunCard | null {
  const row = db.get<{ record: string }>(
    'SELECT record FROM run_cards WHERE environment = :environment AND run_id = :id AND number = :number',
    { environment, id, number },
  );
  return row ? toCard(row) : null;
}

/** A page of the cards of a run, by their numbers. */
export function listRunCards(
  db: Database,
  environment: string,
  { id, after, limit }: { id: string; after: number; limit: number },
): RunCard[] {
  return db
    .all<{ record: string }>(
      `SELECT record FROM run_cards WHERE environment = :environment AND run_id = :id AND number > :after
       ORDER BY number LIMIT :limit`,
      { environment, id, after, limit },
    )
    .map(toCard);
}

function toRun(row: RunRow): RunRecord {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by insertRun
  const facts = JSON.parse(row.facts) as Facts;
  const { ended_at: endedAt, sessions, reads, sends, limited } = row;
  return {
    ...facts,
    endedAt,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by endRun
    exitCode: row.exit_code as RunRecord['exitCode'],
    sessions,
    requests: { reads, sends, limited },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by endRun
    freed: JSON.parse(row.freed) as RunRecord['freed'],
  };
}

function toCard({ record }: { record: string }): RunCard {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by putRunCard
  return JSON.parse(record) as RunCard;
}
