// The JSON Schemas of schemas/output, against which all documents of the tests are checked.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv } from 'ajv';

const FOLDER = join(import.meta.dirname, '../../schemas/output');

const ajv = new Ajv({ strict: false, allErrors: true });
for (const file of globSync(`${FOLDER}/*.json`))
  ajv.addSchema(closed(JSON.parse(readFileSync(file, 'utf8'))), basename(file));

/** Readers must accept new fields. In the tests, a field that the schema lacks is a mistake in the schema. */
function closed(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (key, value) =>
    value?.type === 'object' && value.properties && key !== 'properties' && !('additionalProperties' in value)
      ? { ...value, additionalProperties: false }
      : value,
  );
}

/** Returns the name of the schema of a document: that of its command. */
export function schemaOf({ command }: { command?: string | null }): string {
  return command == null ? 'document.json' : `${command.replaceAll(' ', '-')}.json`;
}

/** Returns what is wrong with a document, by its schema. */
export function schemaErrors(document: { command?: string | null; [field: string]: unknown }): string[] {
  const name = schemaOf(document);
  const validate = ajv.getSchema(name);
  if (!validate) return [`there is no schema ${name}`];
  if (validate(document)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** Checks all documents that a command with --json printed, each on a line. @throws Error for one without a schema */
export function checkDocuments(stdout: string): void {
  for (const line of stdout.split('\n')) {
    if (!/^\{"schemaVersion.*\}$/.test(line)) continue;
    const errors = schemaErrors(JSON.parse(line));
    if (errors.length > 0)
      throw new Error(`A document differs from its schema: ${line}\n${errors.join('\n')}`);
  }
}
