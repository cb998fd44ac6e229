import type { SqliteConnection } from '../../../database/sqlite.ts';
import type { AnswerFault, Fault, OutcomeFault, ProduceFault } from '../../../wire/fault.ts';

export const FAULTS_TABLE = `
CREATE TABLE faults (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  times INTEGER NOT NULL,
  fault TEXT NOT NULL
);
`;

interface FaultRow {
  id: number;
  times: number;
  fault: string;
}

type Stored<Kind extends Fault> = Kind & { id: number; name?: string };

/** The properties of a request that faults match. */
export interface FaultTarget {
  method: string;
  /** Path without the version segment. */
  path: string;
  /** Kiosk of a produce request; null for other requests. */
  kioskId: string | null;
}

/** Adds a fault. @param name name for removing the fault later; null for none */
export function insertFault(db: SqliteConnection, fault: Fault, name: string | null = null): void {
  db.run('INSERT INTO faults (kind, times, fault) VALUES (:kind, :times, :fault)', {
    kind: fault.kind,
    times: fault.times,
    fault: JSON.stringify({ ...fault, ...(name !== null && { name }) }),
  });
}

export function hasFault(db: SqliteConnection, name: string): boolean {
  return db.all(`SELECT id FROM faults WHERE fault ->> 'name' = :name`, { name }).length > 0;
}

export function deleteFault(db: SqliteConnection, name: string): void {
  db.run(`DELETE FROM faults WHERE fault ->> 'name' = :name`, { name });
}

/** Lists active faults, oldest first, with their remaining uses. */
export function listFaults(db: SqliteConnection): Fault[] {
  return db
    .all<FaultRow>('SELECT id, times, fault FROM faults ORDER BY id')
    .map((row) => ({ ...toFault<Fault>(row), times: row.times }))
    .map(({ id: _id, name: _name, ...fault }) => fault);
}

export function deleteFaults(db: SqliteConnection): void {
  db.run('DELETE FROM faults');
}

/**
 * Returns the oldest `answer` fault that matches a request; null if none matches. Also null if an older `produce` fault
 * matches, because at most one fault applies to a request.
 */
export function findAnswerFault(db: SqliteConnection, target: FaultTarget): Stored<AnswerFault> | null {
  const fault = listKind<AnswerFault>(db, 'answer').find((fault) => matches(fault, target));
  if (!fault) return null;
  const rival = target.kioskId === null ? null : findProduceFault(db, target.kioskId);
  return rival && rival.id < fault.id ? null : fault;
}

/** Consumes one use of the oldest `produce` fault for a kiosk. @returns the fault; null if there is none */
export function takeProduceFault(db: SqliteConnection, kioskId: string): ProduceFault | null {
  const fault = findProduceFault(db, kioskId);
  if (fault) useFault(db, fault.id);
  return fault;
}

/** Consumes one use of the oldest `outcome` fault for a kiosk. @returns the fault; null if there is none */
export function takeOutcomeFault(db: SqliteConnection, kioskId: string): OutcomeFault | null {
  const fault = listKind<OutcomeFault>(db, 'outcome').find((fault) => fault.kioskId === kioskId) ?? null;
  if (fault) useFault(db, fault.id);
  return fault;
}

/** Decrements the remaining uses of a fault, and deletes it at 0. */
export function useFault(db: SqliteConnection, id: number): void {
  db.run('UPDATE faults SET times = times - 1 WHERE id = :id', { id });
  db.run('DELETE FROM faults WHERE id = :id AND times <= 0', { id });
}

function findProduceFault(db: SqliteConnection, kioskId: string): Stored<ProduceFault> | null {
  return (
    listKind<ProduceFault>(db, 'produce').find((fault) => (fault.kioskId ?? kioskId) === kioskId) ?? null
  );
}

function matches(fault: AnswerFault, { method, path }: FaultTarget): boolean {
  return (
    (fault.method === undefined || fault.method === method) &&
    (fault.path === undefined || matchesPath(fault.path, path))
  );
}

function listKind<Kind extends Fault>(db: SqliteConnection, kind: Kind['kind']): Stored<Kind>[] {
  return db
    .all<FaultRow>('SELECT id, times, fault FROM faults WHERE kind = :kind ORDER BY id', { kind })
    .map((row) => toFault<Kind>(row));
}

function toFault<Kind extends Fault>({ id, fault }: FaultRow): Stored<Kind> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module
  return { ...(JSON.parse(fault) as Kind), id };
}

/**
 * True if a request path matches the path of a fault.
 * @param wanted a substring of the path; if it contains `*` (any characters, including slashes), a pattern for the
 * whole path
 */
export function matchesPath(wanted: string, path: string): boolean {
  const parts = wanted.split('*');
  const [first = '', ...others] = parts;
  const last = others.pop();
  if (last === undefined) return path.includes(wanted);
  if (!path.startsWith(first)) return false;
  // A regular expression with many stars would be slow.
  let position = first.length;
  for (const part of others) {
    const found = path.indexOf(part, position);
    if (found === -1) return false;
    position = found + part.length;
  }
  return path.length - last.length >= position && path.endsWith(last);
}
