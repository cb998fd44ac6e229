import * as v from 'valibot';
import { failure } from '../domain/errors/failure.ts';
import { STAGES } from '../domain/stage.ts';
import { decodeJson } from '../domain/text/decode-json.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { cardToken, id, wiseKioskId } from '../wire/scalars.ts';

const errorDocument = v.object({
  code: v.string(),
  message: v.string(),
  hint: v.string(),
  details: v.exactOptional(
    v.object({
      httpStatus: v.exactOptional(v.number()),
      errorCode: v.exactOptional(v.string()),
      correlationId: v.exactOptional(v.string()),
      traceId: v.exactOptional(v.string()),
      idempotencyKey: v.exactOptional(v.string()),
    }),
  ),
});

/** Schema of a card in a document, with the fields for its reference and result. */
const entry = v.looseObject({
  profileId: v.nullish(id),
  orderId: v.nullish(id),
  cardToken: v.nullish(v.string()),
  production: v.nullish(v.looseObject({ status: v.string(), occurredAt: v.nullish(v.string()) })),
  exitCode: v.nullish(v.number()),
  outcome: v.nullish(v.string()),
  error: v.optional(errorDocument),
});
export type Entry = v.InferOutput<typeof entry>;

/** Schema of a JSON document of kioskctl. */
export const kioskctlDocument = v.object({
  schemaVersion: v.literal(1),
  command: v.nullish(v.string()),
  environment: v.nullish(v.string()),
  type: v.nullish(v.string()),
  exitCode: v.nullish(v.number()),
  card: v.nullish(entry),
  cards: v.nullish(v.array(entry)),
  orders: v.nullish(v.array(entry)),
  events: v.nullish(v.array(v.unknown())),
  error: v.optional(errorDocument),
});

/** Schema of a line of an event stream. */
export const eventLine = v.object({
  type: v.literal('event'),
  environment: v.nullish(v.string()),
  test: v.nullish(v.boolean()),
  ...entry.entries,
});

/** Schema of a card without the surrounding document, as `jq '.cards[]'` prints it. */
export const bareCard = v.object({
  ...entry.entries,
  schemaVersion: v.optional(v.never()),
  stage: v.picklist(STAGES),
});

/** Schema of a card that has all fields. */
export const cardDocument = v.object({
  profileId: id,
  orderId: v.nullable(id),
  cardToken: v.nullable(cardToken),
  orderStatus: v.nullable(v.string()),
  stage: v.picklist(STAGES),
  attempt: v.number(),
  attemptId: v.nullable(v.string()),
  production: v.nullable(
    v.object({
      status: v.string(),
      kioskId: wiseKioskId,
      occurredAt: v.nullable(v.string()),
      errorCode: v.nullable(v.string()),
      description: v.nullable(v.string()),
    }),
  ),
  requirements: v.exactOptional(v.array(v.object({ type: v.string(), status: v.string() }))),
  ageDays: v.nullable(v.number()),
  daysLeft: v.nullable(v.number()),
  next: v.nullable(v.string()),
  nextArgv: v.nullable(v.array(v.string())),
});

/** Parses one or several JSON documents. @throws Failure `invalid-input` */
export function parseDocuments(input: string): unknown[] {
  try {
    return [JSON.parse(input)];
  } catch {
    return parseSeveral(input);
  }
}

/** Parses concatenated documents: one per line, or indented like the output of jq. */
function parseSeveral(input: string): unknown[] {
  let line = 1;
  // In indented JSON, only closing brackets are at the start of a line; anything else starts a new document.
  return input.split(/\n(?=[^\s}\]])/).map((part) => {
    const document = parsePart(part, line);
    line += part.split('\n').length;
    return document;
  });
}

function parsePart(part: string, line: number): unknown {
  try {
    return JSON.parse(part);
  } catch {
    throw failure(
      'invalid-input',
      `Line ${line} of standard input is not JSON: ${printable((part.split('\n', 1)[0] ?? '').slice(0, 60))}`,
      'Pipe complete documents, each starting on its own line.',
    );
  }
}

/** Decodes a JSON string; returns other text unchanged. */
export function unquoted(text: string): string {
  const value = text.startsWith('"') ? decodeJson(text) : text;
  return typeof value === 'string' ? value : text;
}
