// The JSON Schemas of schemas/output, against which documents of commands are checked.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';

const FOLDER = join(import.meta.dirname, '../../schemas/output');

const ajv = new Ajv({ strict: false, allErrors: true });
for (const file of globSync(`${FOLDER}/*.json`))
  ajv.addSchema(JSON.parse(readFileSync(file, 'utf8')), basename(file));

/** The schema of a document with these fields. */
const KINDS: readonly (readonly [fields: readonly string[], schema: string])[] = [
  [['cards', 'summary'], 'cards.json'],
  [['run', 'totals', 'cards'], 'run.json'],
  [['card'], 'card.json'],
  [['acts', 'hasMore'], 'actions.json'],
  [['events', 'coverage', 'hasMore'], 'events.json'],
  [['kioskId', 'hold'], 'hold.json'],
];

/** Returns the name of the schema of a document. */
export function schemaOf(document: object): string {
  return KINDS.find(([fields]) => fields.every((field) => field in document))?.[1] ?? 'document.json';
}

/** Returns what is wrong with a document, by its schema. */
export function schemaErrors(document: object): string[] {
  const validate: ValidateFunction | undefined = ajv.getSchema(schemaOf(document));
  if (!validate) throw new Error(`there is no schema ${schemaOf(document)}`);
  if (validate(document)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
