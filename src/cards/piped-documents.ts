import * as v from 'valibot';
import { STAGES } from '../domain/stage.ts';
import { cardToken, id, wiseKioskId } from '../wire/scalars.ts';

const failure = v.object({
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

/** The fields of a card in a document that name it, or show its result. */
const entry = v.looseObject({
  profileId: v.nullish(id),
  orderId: v.nullish(id),
  cardToken: v.nullish(v.string()),
  production: v.nullish(v.looseObject({ status: v.string(), occurredAt: v.nullish(v.string()) })),
  exitCode: v.nullish(v.number()),
  outcome: v.nullish(v.string()),
  error: v.optional(failure),
});
export type Entry = v.InferOutput<typeof entry>;

/** The JSON document of a command of kioskctl. */
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
  error: v.optional(failure),
});

/** A line of an event stream. */
export const eventLine = v.object({
  type: v.literal('event'),
  environment: v.nullish(v.string()),
  test: v.nullish(v.boolean()),
  ...entry.entries,
});

/** A card without its document, as `jq '.cards[]'` prints it. */
export const bareCard = v.object({
  ...entry.entries,
  schemaVersion: v.optional(v.never()),
  stage: v.picklist(STAGES),
});

/** A complete card, as every document shows it. */
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
