// What Wise's own description of its API says against a recorded request or its answer.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import type { Exchanged } from '../harness/recorder.ts';

interface Schema {
  [keyword: string]: unknown;
}

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: Schema;
}

interface Operation {
  parameters: Parameter[];
  body?: { required: boolean; content: Record<string, Schema> };
  answers: Record<string, { schema?: Schema; headers?: string[] }>;
}

const file = new URL('wise-api.json', import.meta.url);
const api = JSON.parse(readFileSync(file, 'utf8')) as {
  operations: Record<string, Operation>;
  schemas: Record<string, Schema>;
};

export const OPERATIONS: readonly string[] = Object.keys(api.operations);

const CORRELATION = 'X-External-Correlation-Id';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const ajv = new Ajv({ strict: false, allErrors: true, formats: { int64: true, int32: true, uuid: UUID } });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
ajv.addSchema({ $id: 'wise', schemas: closed(api.schemas) as Schema });

/** Makes unknown fields violations, except where Wise allows any. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] =>
    keyword === '$ref' ? [keyword, String(value).replace('#/', 'wise#/')] : [keyword, closed(value)],
  );
  const isOpen = 'additionalProperties' in schema || !('properties' in schema) || !('type' in schema);
  return Object.fromEntries(isOpen ? entries : [...entries, ['additionalProperties', false]]);
}

/** Returns the operation of a request, like `GET /v3/…/{cardToken}`; null for none of Wise's. */
export function operationOf({ method, path }: Pick<Exchanged, 'method' | 'path'>): string | null {
  const fits = (name: string) => {
    const [verb, template = ''] = name.split(' ');
    const pattern = template.replaceAll(/\{[^}]+\}/g, '[^/]+').replace(/\/$/, '');
    return verb === method && new RegExp(`^${pattern}/?$`).test(path);
  };
  // A fixed path comes before one with a parameter in the same place.
  return (
    OPERATIONS.filter(fits).toSorted((left, right) => left.split('{').length - right.split('{').length)[0] ??
    null
  );
}

/** Returns what contradicts the description, each as one line. */
export function violationsOf(exchanged: Exchanged): string[] {
  const name = operationOf(exchanged);
  const operation = name === null ? undefined : api.operations[name];
  if (name === null || !operation) return [`${exchanged.method} ${exchanged.path}: no operation of Wise`];
  return [
    ...parameterFaults(operation, name, exchanged),
    ...bodyFaults(operation, exchanged),
    ...answerFaults(operation, exchanged),
  ].map((fault) => `${name}: ${fault}`);
}

function parameterFaults(
  { parameters }: Operation,
  name: string,
  { path, query, headers }: Exchanged,
): string[] {
  const places = { path: pathParameters(name, path), query, header: headers };
  const known = new Set(parameters.filter((one) => one.in === 'query').map((one) => one.name));
  const unknown = Object.keys(query).filter((one) => !known.has(one));
  return [
    ...unknown.map((one) => `no query parameter ${one}`),
    ...parameters.flatMap(({ name, in: place, required, schema }) => {
      const text = places[place][place === 'header' ? name.toLowerCase() : name];
      if (text === undefined) return required ? [`${place} ${name} is missing`] : [];
      return faults(schema, schema.type === 'integer' ? Number(text) : text, `${place} ${name}`);
    }),
  ];
}

function pathParameters(name: string, path: string): Record<string, string> {
  const segments = path.split('/');
  const template = (name.split(' ')[1] ?? '').split('/');
  return Object.fromEntries(
    template.flatMap((part, index) =>
      part.startsWith('{') ? [[part.slice(1, -1), segments[index] ?? '']] : [],
    ),
  );
}

function bodyFaults({ body }: Operation, { body: text, headers }: Exchanged): string[] {
  if (!body) return text === '' ? [] : ['a body, which the operation does not have'];
  if (text === '') return body.required ? ['the body is missing'] : [];
  const type = headers['content-type']?.split(';')[0] ?? '';
  const schema = body.content[type];
  if (!schema) return [`a body of type ${type}`];
  const value: unknown = type.endsWith('json')
    ? JSON.parse(text)
    : Object.fromEntries(new URLSearchParams(text));
  return faults(schema, value, 'body');
}

/** Wise describes few answers of refused requests: any other 4xx is not judged. */
function answerFaults({ answers }: Operation, exchanged: Exchanged): string[] {
  const { status, answer: text, headers, answerHeaders } = exchanged;
  const described = answers[String(status)];
  if (!described) return status >= 400 && status < 500 ? [] : [`status ${status} is not described`];
  // The correlation id comes back only where one was sent.
  const isDue = (name: string) => name !== CORRELATION || headers[CORRELATION.toLowerCase()] !== undefined;
  const due = (described.headers ?? []).filter(isDue);
  const missing = due.filter((name) => answerHeaders[name.toLowerCase()] === undefined);
  const body = text === '' ? undefined : (JSON.parse(text) as unknown);
  return [
    ...missing.map((name) => `answer ${status} without ${name}`),
    ...(described.schema ? faults(described.schema, body, `answer ${status}`) : []),
    ...(!described.schema && body !== undefined ? [`answer ${status} with a body`] : []),
  ];
}

function faults(schema: Schema, value: unknown, where: string): string[] {
  const isValid = ajv.compile(closed(schema) as Schema);
  if (isValid(value)) return [];
  return (isValid.errors ?? []).map(
    ({ instancePath, message, params }) => `${where}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
