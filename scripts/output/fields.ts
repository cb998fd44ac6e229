// The parts that several JSON documents have in common, as schemas.
import * as v from 'valibot';
import { OUTCOMES as ATTEMPT_OUTCOMES } from '../../src/domain/attempt.ts';
import { EXIT_CODES } from '../../src/domain/errors/exit-codes.ts';
import { ACTORS, RETRY_ADVICE } from '../../src/domain/errors/vendor-errors.ts';
import { EVENT_FIELD_NAMES } from '../../src/domain/event.ts';
import { OUTCOMES } from '../../src/domain/results.ts';
import { STAGES } from '../../src/domain/stage.ts';

export type Field = v.GenericSchema;
export type Fields = Record<string, Field>;

export const text = v.string();
export const flag = v.boolean();
export const number = v.number();
export const integer = v.pipe(v.number(), v.integer());
export const textOrNull = v.nullable(text);
export const integerOrNull = v.nullable(integer);
export const texts = v.array(text);
/** Values of any name. */
export const textByName = v.record(text, text);

interface Described {
  field: Field;
  meaning: string;
}

/** The fields with a meaning of their own. A pipe would lose that a field is one of the shared parts. */
export const DESCRIBED = new WeakMap<object, Described>();

/** A field with its meaning. */
export function about(meaning: string, field: Field): Field {
  // The parts of a pipe are converted one by one, and none of them is shared.
  if ('pipe' in field) return v.pipe(field, v.description(meaning));
  const described = { ...field };
  DESCRIBED.set(described, { field, meaning });
  return described;
}

export const optional = (field: Field): Field => v.exactOptional(field);

const codes = EXIT_CODES.map(({ code }) => code);
export const exitCode = v.picklist(codes);
const exitCodeOrNull = v.nullable(exitCode);

/** A reference: the profile with the order, the card, or both. */
const reference = { profileId: integerOrNull, orderId: integerOrNull, cardToken: textOrNull };

export const error = v.object({
  code: about('Stable name of the error, see errors.md.', text),
  message: text,
  hint: about('What to do next.', text),
  details: optional(
    v.object({
      httpStatus: optional(integer),
      errorCode: optional(about('Error code of Wise.', text)),
      correlationId: optional(text),
      traceId: optional(text),
      idempotencyKey: optional(text),
    }),
  ),
});

export const production = v.object({
  status: text,
  kioskId: textOrNull,
  occurredAt: textOrNull,
  errorCode: textOrNull,
  description: textOrNull,
});

export const attempt = v.object({
  attempt: about('Number of the attempt on the card, from 1.', integer),
  attemptId: text,
  origin: about('observed: made by another system.', v.picklist(['ours', 'observed'])),
  kioskId: textOrNull,
  outcome: v.picklist(ATTEMPT_OUTCOMES),
  sentAt: textOrNull,
  closedAt: textOrNull,
  by: about('user@host; null for another system.', textOrNull),
  reason: textOrNull,
  production: v.nullable(production),
  correlationId: textOrNull,
  traceId: textOrNull,
  httpStatus: integerOrNull,
  endCode: textOrNull,
});

const cardFields = {
  ...reference,
  profileId: integer,
  orderStatus: textOrNull,
  stage: about('Status of the card in one word.', v.picklist(STAGES)),
  attempt: about('Number of attempts that this journal knows.', integerOrNull),
  attemptId: textOrNull,
  production: v.nullable(production),
  requirements: optional(v.array(v.object({ type: text, status: text }))),
  ageDays: integerOrNull,
  daysLeft: about('Days until the card can no longer be produced.', integerOrNull),
  next: about('Command to run next, quoted for a shell.', textOrNull),
  nextArgv: about('The same as a list; null while a value is missing.', v.nullable(texts)),
  attempts: optional(about('With --history: all attempts.', v.array(attempt))),
};

export const card = v.object(cardFields);

export const outcome = v.picklist(Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[]);

const resultFields = {
  ...cardFields,
  outcome,
  exitCode: about('null for a card that was not started.', exitCodeOrNull),
  changed: optional(flag),
  via: optional(about('Source that ended a wait.', v.picklist(['event', 'api']))),
  error: optional(error),
};

export const result = v.object(resultFields);
export const runResult = v.object({
  ...resultFields,
  number: about('Number of the card in the run.', integer),
});
export const retryResult = v.object({
  ...resultFields,
  kioskId: optional(text),
  canary: optional(about('True for the card that is sent alone before the others.', flag)),
});

export const listedCard = v.object({
  ...cardFields,
  cardStatus: textOrNull,
  program: textOrNull,
  cardType: textOrNull,
  createdAt: textOrNull,
});

export const summary = v.object({
  total: integer,
  ...Object.fromEntries(Object.keys(OUTCOMES).map((name) => [name, optional(integer)])),
});

const span = v.object({ from: text, to: text });

const coverageFields = {
  from: about('Start of the period; null if no listener ever ran.', textOrNull),
  to: text,
  listened: about('Periods in which a listener ran.', v.array(span)),
  gaps: about('Periods in which no listener ran: events may be missing.', v.array(span)),
};

export const coverage = v.object(coverageFields);
export const covered = v.object({
  ...coverageFields,
  firstEventAt: textOrNull,
  lastEventAt: textOrNull,
  listening: about('True if a listener is running.', flag),
});

const holdFields = {
  reason: text,
  by: about('user@host', text),
  context: text,
  since: text,
  until: about('null without --for.', textOrNull),
};

export const hold = v.object(holdFields);

const kioskFields = {
  kioskId: text,
  inContext: about('True if the context lists the kiosk.', flag),
  hold: v.nullable(v.object({ ...holdFields, long: about('True after 24 hours.', flag) })),
  busy: about(
    'The command that uses the kiosk now.',
    v.nullable(v.object({ act: text, by: text, since: text })),
  ),
  lastProducedAt: textOrNull,
  inProgress: integer,
  unknown: about('Cards whose request may have been accepted.', integer),
  failed: integer,
  failedByErrorCode: v.array(v.object({ errorCode: textOrNull, count: integer })),
  oldestFailed: v.nullable(
    v.object({
      ...reference,
      errorCode: textOrNull,
      failedAt: textOrNull,
      daysLeft: integerOrNull,
    }),
  ),
  expiringSoon: about('Cards with at most 7 days left.', integer),
  expired: integer,
};

export const kiosk = v.object(kioskFields);

const eventTexts = Object.fromEntries(
  EVENT_FIELD_NAMES.filter(
    (name) => !['eventType', 'description', ...Object.keys(reference)].includes(name),
  ).map((name) => [name, textOrNull]),
);

/** The fields of an event of Wise. */
export const eventFields = {
  type: v.literal('event'),
  id: about('Number of the event in this journal.', integer),
  eventType: text,
  ...reference,
  ...eventTexts,
  receivedAt: text,
  test: about('True for a test notification.', flag),
  verified: about('False for an event without a valid signature of Wise.', flag),
};

export const event = v.object(eventFields);

/** The fields of an event with its request. */
export const deliveryFields = {
  ...eventFields,
  description: textOrNull,
  deliveryId: textOrNull,
  signature: textOrNull,
  bodyBase64: about('The body as it was received.', text),
};

export const subscription = v.object({
  id: text,
  name: textOrNull,
  eventType: text,
  url: textOrNull,
  version: textOrNull,
  mtls: flag,
  createdAt: textOrNull,
});

export const advice = v.picklist(RETRY_ADVICE);

/** A kiosk in detail. */
export const kioskInDetail = v.object({
  ...kioskFields,
  cardsInProgress: v.array(
    v.object({
      ...reference,
      since: about('Time of the last production change.', textOrNull),
      seconds: about('Elapsed time since then.', integerOrNull),
    }),
  ),
  failures: about(
    'The failed cards by error code, most frequent first.',
    v.array(
      v.object({
        kind: v.picklist(['request', 'production']),
        errorCode: textOrNull,
        count: integer,
        meaning: text,
        nextStep: text,
        actor: v.picklist(ACTORS),
        retry: advice,
      }),
    ),
  ),
  next: about('Command to run next, quoted for a shell.', textOrNull),
  nextArgv: about('The same as a list.', v.nullable(texts)),
});

const pageFields = {
  owner: textOrNull,
  steps: texts,
  link: textOrNull,
  contact: textOrNull,
  retry: v.nullable(advice),
};

export const page = v.object(pageFields);
const pageOfCode = v.object({
  kind: v.picklist(['request', 'production']),
  code: text,
  ...pageFields,
});

/** Mistakes and warnings in a file of a user. */
export const diagnostic = v.object({ path: text, line: integer, column: integer, message: text });

/** The parts that schemas refer to: `document.json#/$defs/NAME`. */
export const DEFINITIONS = {
  exitCode,
  card,
  result,
  summary,
  error,
  production,
  attempt,
  hold,
  kiosk,
  coverage,
  covered,
  event,
  subscription,
  runbookPage: pageOfCode,
} as const satisfies Record<string, Field>;

/** The fields of every document. */
export function envelope(command: Field): Fields {
  return {
    schemaVersion: v.literal(1),
    command,
    context: about('Name of the context; null if it could not be determined.', textOrNull),
    environment: v.nullable(v.picklist(['local', 'sandbox', 'production'])),
    exitCode,
  };
}

/** The fields that a document may have in addition. */
export const EXTRA: Fields = {
  error: optional(about('The error, if the command failed.', error)),
  runbook: optional(
    about("Your team's runbook pages for the failures, if the context has a runbook.", v.array(pageOfCode)),
  ),
};
