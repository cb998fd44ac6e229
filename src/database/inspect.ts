import { DatabaseSync } from 'node:sqlite';
import { APPLICATION_ID } from './sqlite.ts';

/** The state of a database. */
export interface Inspection {
  /** Number of the last applied migration. */
  schema: number;
  /** True if kioskctl created it. */
  isOurs: boolean;
  /** Damage that SQLite reports; empty for an intact database. */
  damage: string[];
}

/** `none`: no check. `quick`: checks each page. `integrity`: also compares indexes with tables. */
export type Check = 'none' | 'quick' | 'integrity';

const PATIENCE_MS = 2_000;

/** Checks a database without modifying it. @throws Error of SQLite */
export function inspect(file: string, { check = 'quick' }: { check?: Check } = {}): Inspection {
  return reading(file, (connection) => {
    const numberOf = (pragma: string) => Number(Object.values(connection.prepare(pragma).get() ?? {})[0]);
    const findings = check === 'none' ? [] : connection.prepare(`PRAGMA ${check}_check(5)`).all();
    return {
      schema: numberOf('PRAGMA user_version'),
      isOurs: numberOf('PRAGMA application_id') === APPLICATION_ID,
      damage: findings.map((row) => String(Object.values(row)[0])).filter((line) => line !== 'ok'),
    };
  });
}

/**
 * Reads the first row of a query without modifying the file. The caller declares the row type.
 * @throws Error of SQLite
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function readRow<Row>(file: string, sql: string): Row | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- node:sqlite can't know the columns
  return reading(file, (connection) => (connection.prepare(sql).get() ?? null) as Row | null);
}

/**
 * Writes a consistent copy of a database to an empty file, even while the database is in use.
 * @throws Error of SQLite
 */
export function copyInto(copy: string, file: string): void {
  reading(file, (connection) => connection.prepare('VACUUM INTO ?').run(copy));
}

function reading<Result>(file: string, read: (connection: DatabaseSync) => Result): Result {
  const connection = new DatabaseSync(file, { readOnly: true, timeout: PATIENCE_MS });
  try {
    return read(connection);
  } finally {
    connection.close();
  }
}
