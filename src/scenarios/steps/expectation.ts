import * as v from 'valibot';
import { ERROR_CATALOGUE } from '../../domain/errors/error-catalogue.ts';
import { EXIT_CODES } from '../../domain/errors/exit-codes.ts';
import { failureCodes } from '../../domain/errors/failure.ts';
import { ACTORS, RETRY_ADVICE } from '../../domain/errors/vendor-errors.ts';
import { STAGES } from '../../domain/stage.ts';
import { orNearest } from '../../input/diagnostic.ts';
import { duration } from './values.ts';

export type Scalar = string | number | boolean | null;

/** An expected value: this one, one of these, or one within these bounds. */
export type Matcher =
  | Scalar
  | readonly Scalar[]
  | { not?: Scalar | readonly Scalar[]; min?: number; max?: number };

/** The expected values of an `expect` step, by field. Durations are milliseconds. */
export type Expectation = Readonly<Record<string, Matcher>>;

type ScalarSchema = v.GenericSchema<unknown, Scalar>;

const number = v.nullable(v.number());
const text = v.nullable(v.string());

function words(allowed: readonly string[]): ScalarSchema {
  return v.nullable(v.picklist(allowed));
}

/** A word of Wise, which may be new. A word that is similar to a known one is a typing error. */
function vendorWord(known: readonly string[]): ScalarSchema {
  return v.nullable(
    v.pipe(
      v.string(),
      v.metadata({ examples: known }),
      v.check(
        (word) => known.includes(word) || orNearest(word, known) === '',
        ({ input }) => `it is no word of the vendor's${orNearest(input, known)}`,
      ),
    ),
  );
}

const KNOWN_EXIT_CODES: readonly number[] = EXIT_CODES.map(({ code }) => code);

const exitCode = v.pipe(
  v.number(),
  v.metadata({ enum: KNOWN_EXIT_CODES }),
  v.check((code) => KNOWN_EXIT_CODES.includes(code), 'it is no exit code of kioskctl'),
);

/** Accepts a value, one of several, or anything but them; for a number also bounds, and for a duration only bounds. */
function matcherOf(scalar: ScalarSchema): v.GenericSchema<unknown, Matcher> {
  if (scalar === duration) return boundsOf(duration);
  const list = v.pipe(v.array(scalar), v.minLength(1));
  const not = v.pipe(v.exactOptional(v.union([scalar, list])), v.description('None of these.'));
  if (scalar === number) return v.union([scalar, list, boundsOf(v.number(), { not })]);
  const negated = v.pipe(
    v.strictObject({ not }),
    v.check((bounds) => Object.keys(bounds).length > 0, 'it says nothing: write {not: …}'),
  );
  return v.union([scalar, list, negated]);
}

function boundsOf(
  bound: v.GenericSchema<unknown, number>,
  others: Record<string, v.GenericSchema<unknown, Scalar | Scalar[]>> = {},
): v.GenericSchema<unknown, Matcher> {
  const entries = {
    ...others,
    min: v.pipe(v.exactOptional(bound), v.description('At least.')),
    max: v.pipe(v.exactOptional(bound), v.description('At most.')),
  };
  return v.pipe(
    v.strictObject(entries),
    v.check((bounds) => Object.keys(bounds).length > 0, 'it says nothing: write {max: …} or {min: …}'),
    v.check(({ min, max }) => !(Number(min) > Number(max)), 'nothing is that: min is more than max'),
  );
}

const ORDER_STATUSES = [
  'PLACED',
  'REQUIREMENTS_FULFILLED',
  'CARD_DETAILS_CREATED',
  'PRODUCED',
  'COMPLETED',
  'CANCELLED',
  'RETURNED',
];
const PRODUCTION_STATUSES = ['READY', 'IN_PROGRESS', 'PRODUCED', 'PRODUCTION_ERROR', 'REQUEST_ERROR'];
const CODES = [...new Set(ERROR_CATALOGUE.map(({ code }) => code))];

/** All fields that an `expect` step may name: those of the card's document, and of the result of the step before. */
// biome-ignore format: a table, one field a line
const FIELDS: readonly (readonly [name: string, schema: ScalarSchema, about: string])[] = [
  ['stage', words(STAGES), 'Where the card stands.'],
  ['orderStatus', vendorWord(ORDER_STATUSES), 'What the vendor says of the order.'],
  ['production.status', vendorWord(PRODUCTION_STATUSES), 'What the vendor says of the production.'],
  ['production.kioskId', text, 'The kiosk that the card was sent to.'],
  ['production.errorCode', words(CODES), 'Why the production failed, or was refused.'],
  ['production.occurredAt', text, "The production's time, as the vendor writes it."],
  ['production.description', text, "The vendor's own words on the error."],
  ['attempt', number, 'How many attempts on the card this journal knows.'],
  ['attemptId', text, 'The latest attempt.'],
  ['profileId', number, 'The profile that the card belongs to.'],
  ['orderId', number, 'The order of the card.'],
  ['cardToken', text, 'The card; null before there is one.'],
  ['ageDays', number, 'Whole days since the card was created.'],
  ['daysLeft', number, 'How many of the 60 days are left in which it can be produced.'],
  ['next', text, 'The command that a person would run next; null when nothing is left.'],
  ['exitCode', exitCode, 'What the step before would end a command with.'],
  ['error', words(failureCodes()), 'The stable code of what went wrong in the step before; null when nothing did.'],
  ['errorCode', words(CODES), "The vendor's code: of the failure in the step before, else of the card's production."],
  ['advice', words(RETRY_ADVICE), 'When to retry, by the error catalogue.'],
  ['owner', words(ACTORS), 'Who acts, by the error catalogue.'],
  ['duration', duration, 'How long the step before took.'],
  ['event', vendorWord([...new Set([...PRODUCTION_STATUSES, ...ORDER_STATUSES])]), "A status that one of the card's events told, in the journal."],
];

export const EXPECTED_FIELDS = FIELDS.map(([name]) => name);

/** The value of an `expect` step. */
export const expectation: v.GenericSchema<unknown, Expectation> = v.pipe(
  v.strictObject(
    Object.fromEntries(
      FIELDS.map(([name, schema, about]) => [
        name,
        v.exactOptional(v.pipe(matcherOf(schema), v.description(about))),
      ]),
    ),
  ),
  v.check(
    (fields) => Object.keys(fields).length > 0,
    'it expects nothing: name a field, like stage: produced',
  ),
  v.transform((fields) =>
    Object.fromEntries(
      Object.entries(fields).filter((field): field is [string, Matcher] => field[1] !== undefined),
    ),
  ),
);
