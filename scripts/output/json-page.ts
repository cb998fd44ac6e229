// The part of docs/json.md that describes the documents of each command, with an example of each.
import { makeOutputSchemas, schemaName } from '../output-schemas.ts';
import { ofCard, ofCards } from './card-documents.ts';
import { DOCUMENTS } from './documents.ts';
import type { Fields } from './fields.ts';

/** Runs of commands: the command line and the document, by `COMMAND, KIND`. */
export type Examples = ReadonlyMap<string, { command: string; document: string }>;

interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  const?: unknown;
  enum?: unknown[];
  items?: Schema;
  anyOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
}

/** The headings in the page of what schemas refer to. */
const HEADINGS: Readonly<Record<string, string>> = { result: 'card', summary: 'card', error: 'error' };
const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  integer: 'number',
};
const COMMON = new Set([
  'schemaVersion',
  'command',
  'context',
  'environment',
  'exitCode',
  'error',
  'runbook',
]);

/** The kind of the documents of a command that has one kind. */
const ONLY = 'document';

const EXAMPLE = /^Example(?: \(([^)]+)\))?: `([^`]+)`\n\n```json\n([^]*?)\n```$/gm;

/** Reads the examples of a page. */
export function examplesIn(page: string): Examples {
  const sections = page.split(/^### /m).slice(1);
  return new Map(
    sections.flatMap((section) => {
      const [name = ''] = section.split('\n', 1);
      return [...section.matchAll(EXAMPLE)].map(([, kind = ONLY, command = '', document = '']) => [
        `${name}, ${kind}`,
        { command, document },
      ]);
    }),
  );
}

/** Makes the descriptions of all documents. */
export function describeDocuments(examples: Examples): string {
  const schemas = makeOutputSchemas();
  const parts = Object.entries(DOCUMENTS).map(([command, { about, kinds }]) => {
    const name = schemaName(command);
    const { anyOf = [] } = schemas.get(name) as Schema;
    const sections = Object.entries(kinds).map(([kind, fields], index) => {
      const title = kind === ONLY ? '' : `#### ${command}: ${kind}\n`;
      const table = tableOf(anyOf[index] ?? {}, fields);
      return [title, table, exampleOf(`${command}, ${kind}`, examples)].filter(Boolean).join('\n');
    });
    return `### ${command}\n\n${about} Schema: [${name}](../schemas/output/${name}).\n\n${sections.join('\n')}`;
  });
  return parts.join('\n');
}

function exampleOf(key: string, examples: Examples): string {
  const example = examples.get(key);
  if (!example) return '';
  const [, kind = ONLY] = key.split(', ');
  const title = kind === ONLY ? 'Example' : `Example (${kind})`;
  return `${title}: \`${example.command}\`\n\n\`\`\`json\n${example.document}\n\`\`\`\n`;
}

/** Makes a table of the fields that only this document has: those of cards are described once. */
function tableOf({ properties = {}, required = [] }: Schema, fields: Fields): string {
  const isOfCards = (name: string) => [ofCard, ofCards].some((shared) => shared[name] === fields[name]);
  const rows = Object.entries(properties)
    .filter(([name]) => !COMMON.has(name) && !isOfCards(name))
    .map(([name, field]) => {
      const optional = required.includes(name) ? '' : ', optional';
      return `| \`${name}\` | ${typeOf(field)}${optional} | ${field.description ?? ''} |\n`;
    });
  return rows.length === 0 ? '' : `| field | type | meaning |\n| --- | --- | --- |\n${rows.join('')}`;
}

function typeOf({ $ref, type, items, anyOf, allOf, ...schema }: Schema): string {
  if ($ref !== undefined) {
    const name = $ref.replace(/.*\//, '');
    return name === 'exitCode' ? 'number' : `[${HEADINGS[name] ?? name}](../schemas/output/document.json)`;
  }
  if (allOf) return allOf.map(typeOf).join(' and ');
  if (anyOf) return anyOf.map(typeOf).join(' or ');
  if ('const' in schema) return `\`${String(schema.const)}\``;
  if (schema.enum) return schema.enum.map((one) => `\`${String(one)}\``).join(', ');
  const types = [type ?? 'any value'].flat().map((one) => {
    if (one === 'array') return `list of ${typeOf(items ?? {})}`;
    return WORDS[one] ?? one;
  });
  return types.join(' or ');
}
