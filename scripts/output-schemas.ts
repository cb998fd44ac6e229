// The JSON Schemas of the documents of all commands: schemas/output. `--write` writes them.
import { globSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConversionConfig, toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { DOCUMENTS } from './output/documents.ts';
import {
  DEFINITIONS,
  DESCRIBED,
  EXTRA,
  envelope,
  error,
  type Field,
  type Fields,
  text,
} from './output/fields.ts';
import { NOTICE } from './output/notice-document.ts';

const FOLDER = fileURLToPath(new URL('../schemas/output/', import.meta.url));
const DRAFT = 'http://json-schema.org/draft-07/schema#';

const PARTS = new Map<object, string>(Object.entries(DEFINITIONS).map(([name, part]) => [part, name]));

const config: ConversionConfig = {
  definitions: DEFINITIONS,
  overrideRef: ({ referenceId }) => `document.json#/$defs/${referenceId}`,
  overrideSchema({ valibotSchema, jsonSchema }) {
    const { field, meaning: description } = DESCRIBED.get(valibotSchema) ?? {};
    if (!field) return null;
    const part = PARTS.get(field);
    return part === undefined
      ? { description, ...jsonSchema }
      : { description, allOf: [{ $ref: `document.json#/$defs/${part}` }] };
  },
};

/** Returns the name of the schema of a command. */
export function schemaName(command: string): string {
  return `${command.replaceAll(' ', '-')}.json`;
}

/** Makes all schemas, by the names of their files. */
export function makeOutputSchemas(): Map<string, object> {
  const files = new Map<string, object>([['document.json', makeShared()]]);
  for (const [command, { about, kinds }] of Object.entries(DOCUMENTS)) {
    const documents = Object.entries(kinds).map(([kind, fields]) => describedAs(kind, command, fields));
    files.set(schemaName(command), {
      $schema: DRAFT,
      $id: schemaName(command),
      title: `kioskctl ${command} --json`,
      description: about,
      anyOf: [...documents, { $ref: 'document.json#/$defs/failure' }],
    });
  }
  const notice = converted(v.object(NOTICE));
  return files.set('notice.json', {
    $schema: DRAFT,
    $id: 'notice.json',
    title: 'A notice of kioskctl serve',
    ...notice,
  });
}

/** The parts that all schemas refer to. As a schema, it is that of any document. */
function makeShared(): object {
  const any = v.object({ ...envelope(v.nullable(text)), ...EXTRA });
  const failure = v.object({ ...envelope(v.nullable(text)), ...EXTRA, error });
  return {
    $schema: DRAFT,
    $id: 'document.json',
    title: 'Any document of kioskctl, and the parts that documents share',
    ...converted(any),
    $defs: { failure: converted(failure), ...plain(toJsonSchemaDefs(DEFINITIONS, config)) },
  };
}

function describedAs(kind: string, command: string, fields: Fields): object {
  const document = converted(v.object({ ...envelope(v.literal(command)), ...fields, ...EXTRA }));
  return kind === 'document' ? document : { title: kind, ...document };
}

function converted(field: Field): object {
  const { $schema: _draft, $defs: _parts, ...schema } = toJsonSchema(field, config);
  return plain(schema);
}

/** Writes a value that may be null as one type, and leaves out what says nothing. */
function plain(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (_, value: unknown) => {
    const { anyOf, ...rest } = (value ?? {}) as { anyOf?: Record<string, unknown>[] };
    const [one, none, ...others] = Array.isArray(anyOf) ? anyOf : [];
    if (!one || none?.type !== 'null' || others.length > 0) return value;
    if (Array.isArray(one.enum))
      return { ...one, ...rest, type: [one.type, 'null'], enum: [...one.enum, null] };
    const isPlain = typeof one.type === 'string' && !('$ref' in one);
    return isPlain ? { ...one, ...rest, type: [one.type, 'null'] } : value;
  }) as object;
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--write')) {
  const files = makeOutputSchemas();
  for (const file of globSync(`${FOLDER}*.json`)) if (!files.has(basename(file))) rmSync(file);
  for (const [name, schema] of files) writeFileSync(`${FOLDER}${name}`, `${JSON.stringify(schema)}\n`);
}
