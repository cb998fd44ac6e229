import { DatabaseSync } from 'node:sqlite';

/** The state of a database. */
interface Inspection {
  /** The number of its last migration. */
  schema: number;
  /** The damage that SQLite reports; empty for a sound database. */
  damage: string[];
}

/** Checks a database without changing anything in it. @throws Error of SQLite */
export function inspect(file: string): Inspection {
  const connection = new DatabaseSync(file, { readOnly: true, timeout: 2_000 });
  try {
    const findings = connection.prepare('PRAGMA quick_check(5)').all();
    const damage = findings.map((row) => String(Object.values(row)[0])).filter((line) => line !== 'ok');
    return { schema: Number(connection.prepare('PRAGMA user_version').get()?.user_version), damage };
  } finally {
    connection.close();
  }
}
