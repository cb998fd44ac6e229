// The JSON Schemas of schemas/output. All documents in tests are validated against them.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv } from 'ajv';

const FOLDER = join(import.meta.dirname, '../../schemas/output');

// To optimize the code of a schema takes longer than to run it on all documents of the tests.
const ajv = new Ajv({ strict: false, allErrors: true, code: { optimize: false } });
for (const file of globSync(`${FOLDER}/*.json`))
  ajv.addSchema(closed(JSON.parse(readFileSync(file, 'utf8'))), basename(file));

/** Rejects unknown fields. Readers must accept new fields, but in tests, the schema must contain every field. */
function closed(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (key, value) =>
    value?.type === 'object' && value.properties && key !== 'properties' && !('additionalProperties' in value)
      ? { ...value, additionalProperties: false }
      : value,
  );
}

/** Returns the schema's name for a document, from its command. */
function schemaOf({ command }: { command?: string | null }): string {
  return command == null ? 'document.json' : `${command.replaceAll(' ', '-')}.json`;
}

/** Returns the violations of a document's schema. */
export function schemaErrors(
  document: { command?: string | null; [field: string]: unknown },
  name: string = schemaOf(document),
): string[] {
  const validate = ajv.getSchema(name);
  if (!validate) return [`there is no schema ${name}`];
  if (validate(document)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** Validates all JSON documents that a command printed, one per line. @throws Error if there is no schema */
export function checkDocuments(stdout: string): void {
  for (const line of stdout.split('\n')) {
    if (!/^\{"schemaVersion.*\}$/.test(line)) continue;
    const errors = schemaErrors(JSON.parse(line));
    if (errors.length > 0)
      throw new Error(`A document differs from its schema: ${line}\n${errors.join('\n')}`);
  }
}
