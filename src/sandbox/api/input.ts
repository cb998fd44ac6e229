import type { IncomingHttpHeaders } from 'node:http';
import * as v from 'valibot';
import type { Moment } from '../state/tables/clock.ts';
import type { Page } from '../state/tables/orders.ts';
import { findProfile, type Profile } from '../state/tables/profiles.ts';
import { type FieldError, invalidFields, notFound, Refusal } from './answers.ts';
import type { PathParameters } from './router.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const MAX_INT64 = 2n ** 63n - 1n;

/** Validates a request body against a schema. @throws Refusal 422 with all invalid fields */
export function fieldsOf<Schema extends v.GenericSchema>(
  schema: Schema,
  body: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, body);
  if (result.success) return result.output;
  throw invalidFields(result.issues.map(toFieldError));
}

/** Parses a path parameter as a positive int64. @throws Refusal 400 */
export function idParameter({ parameters }: Call, name: string): number {
  const text = parameters[name] ?? '';
  if (!/^-?\d{1,19}$/.test(text) || BigInt(text) > MAX_INT64)
    throw invalidParameter(name, 'must be a whole number');
  return Number(text);
}

/** Parses a path parameter as a UUID. @throws Refusal 400 */
export function uuidParameter({ parameters }: Call, name: string): string {
  const text = parameters[name] ?? '';
  if (!UUID.test(text)) throw invalidParameter(name, 'must be a UUID');
  return text.toLowerCase();
}

/** Returns the profile in the request path. @throws Refusal 400, 404 */
export function profileOf(call: Call): Profile {
  const profile = findProfile(call.db, idParameter(call, 'profileId'));
  if (!profile) throw notFound('Profile');
  return profile;
}

/** Parses the pagination parameters of the query. @throws Refusal 400 */
export function pageOf({ query }: Call): Page {
  return {
    size: queryNumber(query, { name: 'pageSize', min: 10, max: 100, otherwise: 10 }),
    number: queryNumber(query, { name: 'pageNumber', min: 1, max: 2 ** 31 - 1, otherwise: 1 }),
  };
}

/** Returns the idempotency key of a request. @throws Refusal 400 if the header is missing or not a UUID */
export function idempotencyKeyOf({ headers }: Call): string {
  const key = headers['x-idempotence-uuid'];
  if (typeof key !== 'string') throw new Refusal(400, 'Header X-idempotence-uuid is missing');
  if (!UUID.test(key)) throw invalidParameter('X-idempotence-uuid', 'must be a UUID');
  return key.toLowerCase();
}

function queryNumber(
  query: URLSearchParams,
  { name, min, max, otherwise }: { name: string; min: number; max: number; otherwise: number },
): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw invalidParameter(name, `must be between ${min} and ${max}`);
}

function invalidParameter(path: string, message: string): Refusal {
  return invalidFields([{ code: 'NOT_VALID', message: `${path} ${message}`, path }], 400);
}

function toFieldError(issue: v.BaseIssue<unknown>): FieldError {
  return {
    code: issue.received === 'undefined' || issue.received === 'null' ? 'REQUIRED' : 'NOT_VALID',
    message: issue.message,
    path: v.getDotPath(issue) ?? '',
  };
}

/** A request as its handler sees it, with the state at the time of the request. */
export interface Call extends Moment {
  parameters: PathParameters;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Parsed JSON or form fields; undefined if the endpoint has no body. */
  body: unknown;
  /** True if a fault was applied already. At most one fault applies to a request. */
  isFaulted: boolean;
}
