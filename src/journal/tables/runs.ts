import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import type { FreedPlaces, NewRun, RunCard, RunRecord, RunRequests } from '../../domain/run.ts';
import { insertList, selectList } from '../store/columns.ts';
import { present, type Scope, type Store } from '../store/store.ts';
import { parseStored } from '../store/stored-json.ts';

/** The record of a run's card, and the requests since it was last saved. */
interface RunCardUpdate {
  /** Run id. */
  id: string;
  card: RunCard;
  requests: RunRequests;
}

interface RunEnd {
  id: string;
  exitCode: ExitCode;
  freed: readonly FreedPlaces[];
  /** Milliseconds since the epoch. */
  at: number;
}

/** Methods for runs. */
export interface RunsJournal {
  /** Stores a new run. @returns the run, with user and host */
  startRun(run: NewRun): Promise<RunRecord>;
  /** Starts another session of a run that has ended. */
  reopenRun(id: string): Promise<void>;
  endRun(end: RunEnd): Promise<void>;
  findRun(id: string): Promise<RunRecord | null>;
  /** Lists the runs, newest first. @param limit maximum number of runs */
  listRuns(limit: number): Promise<RunRecord[]>;
  countRuns(): Promise<number>;
  /** Saves a card of a run, in one transaction with others of the same iteration of the event loop. */
  saveRunCard(update: RunCardUpdate): Promise<void>;
  findRunCard(id: string, number: number): Promise<RunCard | null>;
  /**
   * Lists a page of a run's cards by number.
   * @param page the cards after this number, and the maximum number of cards
   */
  listRunCards(id: string, page: { after: number; limit: number }): Promise<RunCard[]>;
}

export function runsTable(store: Store): RunsJournal {
  const { db, environment } = store;
  const ofRun = 'environment = :environment AND id = :id';
  return {
    startRun: async (run) => {
      const { user, host } = store.owner;
      const begun = { ...run, user, host };
      await insertRun(store, begun);
      return begun;
    },
    reopenRun: async (id) => {
      await db.run(
        `UPDATE runs SET sessions = sessions + 1, ended_at = NULL, exit_code = NULL WHERE ${ofRun}`,
        { environment, id },
      );
    },
    endRun: async ({ freed, ...end }) => {
      await db.run(`UPDATE runs SET ended_at = :at, exit_code = :exitCode, freed = :freed WHERE ${ofRun}`, {
        environment,
        ...end,
        freed: JSON.stringify(freed),
      });
    },
    findRun: async (id) => {
      const row = await db.get<RunRow>(`${SELECT} WHERE ${ofRun}`, { environment, id });
      return row ? toRun(row) : null;
    },
    listRuns: async (limit) => {
      const newest = `${SELECT} WHERE environment = :environment ORDER BY started_at DESC, id DESC LIMIT :limit`;
      return (await db.all<RunRow>(newest, { environment, limit })).map(toRun);
    },
    countRuns: async () => {
      const count = 'SELECT COUNT(*) AS total FROM runs WHERE environment = :environment';
      return present(await db.get<{ total: number }>(count, { environment })).total;
    },
    saveRunCard: async (update) => store.write(async (scope) => saveRunCard(scope, update)),
    findRunCard: async (id, number) => {
      const row = await db.get<CardRow>(`${SELECT_CARD} AND number = :number`, { environment, id, number });
      return row ? toRunCard(row) : null;
    },
    listRunCards: async (id, page) => {
      const rows = `${SELECT_CARD} AND number > :after ORDER BY number LIMIT :limit`;
      return (await db.all<CardRow>(rows, { environment, id, ...page })).map(toRunCard);
    },
  };
}

/** The constant fields of a run, stored as JSON. The other fields have columns. */
type Facts = Omit<RunRecord, 'endedAt' | 'exitCode' | 'sessions' | 'requests' | 'freed'>;

interface RunRow extends RunRequests, Pick<RunRecord, 'endedAt' | 'exitCode' | 'sessions'> {
  facts: string;
  freed: string;
}

const FIELDS = [
  'facts',
  'endedAt',
  'exitCode',
  'sessions',
  'reads',
  'sends',
  'limited',
  'freed',
] as const satisfies (keyof RunRow)[];

const SELECT = `SELECT ${selectList(FIELDS)} FROM runs`;

async function insertRun({ db, environment }: Scope, run: RunRecord): Promise<void> {
  const { endedAt, exitCode, sessions, requests, freed, ...facts } = run;
  const { id, startedAt } = run;
  await db.run(`INSERT INTO runs ${insertList(['environment', 'id', 'startedAt', ...FIELDS])}`, {
    environment,
    id,
    startedAt,
    facts: JSON.stringify(facts satisfies Facts),
    endedAt,
    exitCode,
    sessions,
    ...requests,
    freed: JSON.stringify(freed),
  });
}

function toRun({ facts, freed, reads, sends, limited, ...row }: RunRow): RunRecord {
  return {
    ...parseStored<Facts>(facts),
    ...row,
    requests: { reads, sends, limited },
    freed: parseStored<RunRecord['freed']>(freed),
  };
}

interface CardRow {
  record: string;
}

const SELECT_CARD = 'SELECT record FROM run_cards WHERE environment = :environment AND run_id = :id';

async function saveRunCard({ db, environment }: Scope, { id, card, requests }: RunCardUpdate): Promise<void> {
  const { number, endedAt } = card;
  await db.run(
    `INSERT INTO run_cards ${insertList(['environment', 'runId', 'number', 'endedAt', 'record'])}
     ON CONFLICT (environment, run_id, number) DO UPDATE SET ended_at = :endedAt, record = :record`,
    { environment, runId: id, number, endedAt, record: JSON.stringify(card) },
  );
  await db.run(
    `UPDATE runs SET reads = reads + :reads, sends = sends + :sends, limited = limited + :limited
     WHERE environment = :environment AND id = :id`,
    { environment, id, ...requests },
  );
}

function toRunCard({ record }: CardRow): RunCard {
  return parseStored<RunCard>(record, 'number');
}
