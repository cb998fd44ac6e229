import type { Database } from '../../database/sqlite.ts';
import type { OwnerProcess } from '../../domain/attempt.ts';
import type { ListenerRecord } from './records.ts';

interface ListeningRow {
  id: number;
  url: string;
  holder_host: string;
  holder_user: string;
  holder_pid: number;
  holder_started_at: string | null;
  started_at: number;
  heartbeat_at: number;
  ended_at: number | null;
}

export function insertListening(
  db: Database,
  environment: string,
  { url, holder, at }: { url: string; holder: OwnerProcess; at: number },
): number {
  const row = db.get<{ id: number }>(
    `INSERT INTO listenings (environment, url, holder_host, holder_user, holder_pid, holder_started_at, started_at,
       heartbeat_at)
     VALUES (:environment, :url, :host, :user, :pid, :startedAt, :at, :at) RETURNING id`,
    { environment, url, at, ...holder },
  );
  if (!row) throw new TypeError('a row that was just written is not there');
  return row.id;
}

export function beat(db: Database, id: number, at: number): void {
  db.run('UPDATE listenings SET heartbeat_at = :at WHERE id = :id', { id, at });
}

export function endListener(db: Database, id: number, at: number): void {
  db.run('UPDATE listenings SET heartbeat_at = :at, ended_at = :at WHERE id = :id', { id, at });
}

/** Oldest first. */
export function listListeners(db: Database, environment: string, since: number): ListenerRecord[] {
  return db
    .all<ListeningRow>(
      `SELECT id, url, holder_host, holder_user, holder_pid, holder_started_at, started_at, heartbeat_at, ended_at
       FROM listenings WHERE environment = :environment AND heartbeat_at >= :since ORDER BY started_at, id`,
      { environment, since },
    )
    .map(toListening);
}

function toListening(row: ListeningRow): ListenerRecord {
  return {
    id: row.id,
    url: row.url,
    owner: {
      host: row.holder_host,
      user: row.holder_user,
      pid: row.holder_pid,
      startedAt: row.holder_started_at,
    },
    startedAt: row.started_at,
    heartbeatAt: row.heartbeat_at,
    endedAt: row.ended_at,
  };
}
