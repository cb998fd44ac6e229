// Prints the JSON Schema of scenario files, or writes it (--write): what editors complete and explain them with.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { makeSchemas, stepOptions } from '../src/scenarios/schema.ts';
import { STEP_DEFINITIONS, STEP_WORDS } from '../src/scenarios/steps/definitions.ts';

/** Identifies the schema. It changes with the `version` that scenario files name. */
const SCHEMA_ID = 'urn:kioskctl:scenario:1';

type Schema = { [keyword: string]: unknown };

const TEMPLATE = { $ref: '#/$defs/filledIn' };

/** Keywords that a text with `${…}` in it may not meet, though what it is filled in with does. */
const NARROW = ['enum', 'pattern', 'format', 'maxLength', 'minLength', 'contentEncoding'];

/** All steps as one schema, which only editors need: files are checked word by word. */
const step: v.GenericSchema = v.lazy(() => anyStep);
const { file: scenarioFile, loops } = makeSchemas(step);
const bodies = STEP_DEFINITIONS.map(
  ({ kind, about, schema }) => [kind, v.pipe(schema, v.description(about))] as const,
);
const words = [...bodies, ...Object.entries(loops)].map(
  ([word, body]) => [word, v.exactOptional(body)] as const,
);
const anyStep = v.union([
  v.picklist(STEP_DEFINITIONS.filter(({ schema }) => v.is(schema, null)).map(({ kind }) => kind)),
  v.strictObject({ ...Object.fromEntries(words), ...stepOptions.entries }),
]);

export function makeScenarioSchema(): string {
  const { $defs, ...file } = toJsonSchema(scenarioFile, {
    target: 'draft-2020-12',
    errorMode: 'ignore',
    definitions: { step: anyStep },
  }) as Schema & { $defs: { step: Schema } };
  const words: Record<string, Schema> = {};
  const schema = {
    $schema: file.$schema,
    $id: SCHEMA_ID,
    title: 'kioskctl scenario',
    description: 'The steps of a flow, for kioskctl run: see docs/scenarios.md.',
    ...file,
    $defs: {
      step: withSharedWords(flat(withOneWord(described($defs.step))), words),
      filledIn: { type: 'string', pattern: '\\$\\{', description: 'Text with ${…}, which is filled in.' },
      ...words,
    },
  };
  return `${JSON.stringify(schema)}\n`;
}

/** A step has one of its words; the values behind them may be filled in. */
function withOneWord(step: Schema): Schema {
  const [word, mapping] = step.anyOf as [Schema, Schema];
  const properties = Object.entries(mapping.properties as Record<string, Schema>);
  const oneOf = STEP_WORDS.map((required) => ({ required: [required] }));
  const filled = properties.map(([name, property]) => [name, fillable(property)]);
  return { anyOf: [word, { ...mapping, properties: Object.fromEntries(filled), oneOf }] };
}

/** The schema, where each value that is more than any text may be text with `${…}`, too. */
function fillable(schema: Schema): Schema {
  if ('$ref' in schema) return schema;
  const { title, description, ...rest } = schema;
  const about = { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const options = rest[keyword];
    if (Array.isArray(options)) rest[keyword] = options.map((one: Schema) => fillable(one));
  }
  if (rest.properties) {
    const inner = Object.entries(rest.properties as Record<string, Schema>);
    // What a loop calls its item is a name of its own.
    const filled = inner.map(([name, one]) => [
      name,
      name === 'as' || name === 'steps' ? one : fillable(one),
    ]);
    return { ...about, ...rest, properties: Object.fromEntries(filled) };
  }
  if (rest.items && typeof rest.items === 'object') rest.items = fillable(rest.items as Schema);
  const isAnyText = rest.type === 'string' && NARROW.every((keyword) => !(keyword in rest));
  // What tells kinds apart stays as it is.
  const isLeaf = 'type' in rest || 'enum' in rest;
  if (!isLeaf || isAnyText || rest.type === 'null' || rest.type === 'object') return { ...about, ...rest };
  return { ...about, anyOf: [rest, TEMPLATE] };
}

/** What the vendor calls the fields of an order, and the sandbox those of a fault. */
const ABOUT: Record<string, string> = {
  program: 'The card program; the only physical one without it.',
  cardHolderName: 'Whose card it is.',
  embossedName: 'What is on the card: up to 22 characters.',
  phoneNumber: 'With + and the country code.',
  address: 'Where the cardholder lives.',
  deliveryOption: 'kioskctl orders cards for kiosks only.',
  lifetimeLimit: 'How much may be spent with the card in all.',
  cardHolderProfileId: 'The profile of the cardholder, where another one orders.',
  replacementDetails: 'Which card the new one replaces, and why.',
  kind: 'answer: how a request is answered; produce: a kiosk refuses cards; outcome: how a production ends by itself.',
  method: 'Of the requests that are meant; all of them without it.',
  path: 'A part of the path of the requests that are meant, or the whole of it with *.',
  times: 'How often; once without it.',
  status: 'The HTTP status of the answer, or how the production ends.',
  retryAfter: 'Seconds, for the Retry-After header.',
  effect: 'Carries the request out all the same.',
  reset: 'Cuts the connection: before the request is carried out, or after it.',
  approval: 'Answers 403 as if the user had to approve the request (strong customer authentication).',
  cut: 'Ends the answer in the middle.',
  delayMs: 'Answers so many milliseconds later.',
  kioskId: 'The kiosk that is meant; any one without it.',
  errorCode: 'The vendor’s code.',
  cardToken: 'The card that is replaced.',
  reason: 'Why it is replaced.',
  kiosk: 'The kiosk; the card’s own without it.',
  'to-kiosk': 'Another kiosk than the one where it failed.',
  headers: 'More headers of the answer.',
  body: 'The body of the answer.',
  bodyBase64: 'The body of the answer, in Base64.',
  afterMs: 'So many milliseconds after the production began.',
};

function described(step: Schema): Schema {
  return JSON.parse(
    JSON.stringify(step, (_, value: unknown) => {
      const { properties, ...rest } = (value ?? {}) as Schema;
      if (typeof properties !== 'object' || properties === null) return value;
      const fields = Object.entries(properties).map(([name, one]) => {
        const about = 'description' in one ? undefined : ABOUT[name];
        return [name, about === undefined ? one : { description: about, ...one }];
      });
      return { ...rest, properties: Object.fromEntries(fields) };
    }),
  ) as Schema;
}

/** Choices that are nothing but choices again are choices of the same. */
function flat(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema), (_, value: unknown) => {
    const { anyOf } = (value ?? {}) as Schema;
    if (!Array.isArray(anyOf)) return value;
    const options = anyOf.flatMap((one: Schema) =>
      Array.isArray(one.anyOf) && Object.keys(one).length === 1 ? (one.anyOf as Schema[]) : [one],
    );
    const texts = options.map((one) => JSON.stringify(one));
    return { ...(value as Schema), anyOf: options.filter((_, at) => texts.indexOf(texts[at] ?? '') === at) };
  }) as Schema;
}

/** Lists of words that several fields take stand there once. */
function withSharedWords(schema: Schema, words: Record<string, Schema>): Schema {
  const share = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(share);
    if (typeof value !== 'object' || value === null) return value;
    const { enum: options, ...rest } = value as Schema;
    if (!Array.isArray(options) || options.length <= 8)
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, share(inner)]));
    const known = Object.entries(words).find(([, { enum: others }]) => String(others) === String(options));
    const name = known?.[0] ?? `words${Object.keys(words).length + 1}`;
    words[name] ??= { enum: options };
    return { ...rest, $ref: `#/$defs/${name}` };
  };
  return share(schema) as Schema;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL('../schemas/scenario.json', import.meta.url));
  if (process.argv.includes('--write')) writeFileSync(file, makeScenarioSchema());
  else process.stdout.write(makeScenarioSchema());
}
