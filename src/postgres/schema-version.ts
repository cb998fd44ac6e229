export const UPGRADE = 'Upgrade it: kioskctl journal upgrade';

/** Schema versions of a program. */
export interface ProgramSchema {
  /** Oldest schema version that the program's statements can use. */
  oldest: number;
  /**
   * Schema version to which the program upgrades. Newer versions can be used as well, because an upgrade only adds to
   * the schema.
   */
  current: number;
}

/** Schema version of a database. */
export interface SchemaVersion {
  schema: number;
  /** Schema version of the oldest program that can use the database. */
  oldestProgram: number;
}

/** Selects a `SchemaVersion`. */
export const SCHEMA_VERSION = `(SELECT max(version) FROM schema_versions) AS schema,
  (SELECT max(oldest_program) FROM schema_versions) AS "oldestProgram"`;

/** Returns why a program can't use a database, in words that continue “The journal NAME …”; null if it can. */
export function schemaObstacle(
  { schema, oldestProgram }: SchemaVersion,
  program: ProgramSchema,
): { reason: string; fix: string } | null {
  if (schema < program.oldest) return { reason: 'has the schema of an older version', fix: UPGRADE };
  if (oldestProgram > program.current)
    return { reason: 'has the schema of a newer version', fix: 'Update kioskctl' };
  return null;
}
