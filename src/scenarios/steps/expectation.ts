import * as v from 'valibot';
import { ERROR_CATALOGUE } from '../../domain/errors/error-catalogue.ts';
import { EXIT_CODES } from '../../domain/errors/exit-codes.ts';
import { failureCodes } from '../../domain/errors/failure.ts';
import { ACTORS, RETRY_ADVICE } from '../../domain/errors/vendor-errors.ts';
import { STAGES } from '../../domain/stage.ts';
import { orNearest } from '../../input/diagnostic.ts';
import { duration } from './values.ts';

export type Scalar = string | number | boolean | null;

/** The expected value: a single value, one of a list, or a range. */
export type Matcher =
  | Scalar
  | readonly Scalar[]
  | { not?: Scalar | readonly Scalar[]; min?: number; max?: number };

/** Expected values of an `expect` step, by field. Durations are milliseconds. */
export type Expectation = Readonly<Record<string, Matcher>>;

type ScalarSchema = v.GenericSchema<unknown, Scalar>;

const number = v.nullable(v.number());
const text = v.nullable(v.string());

function words(allowed: readonly string[]): ScalarSchema {
  return v.nullable(v.picklist(allowed));
}

/**
 * Accepts a status or code of Wise. Unknown words are accepted as well, because Wise adds words without notice. Only a
 * word that resembles a known one is rejected, as a typing error.
 */
function vendorWord(known: readonly string[]): ScalarSchema {
  return v.nullable(
    v.pipe(
      v.string(),
      v.metadata({ examples: known }),
      v.check(
        (word) => known.includes(word) || orNearest(word, known) === '',
        ({ input }) => `it is not a value of Wise${orNearest(input, known)}`,
      ),
    ),
  );
}

const KNOWN_EXIT_CODES: readonly number[] = EXIT_CODES.map(({ code }) => code);

const exitCode = v.pipe(
  v.number(),
  v.metadata({ enum: KNOWN_EXIT_CODES }),
  v.check((code) => KNOWN_EXIT_CODES.includes(code), 'it is not an exit code of kioskctl'),
);

/** Accepts a value, a list, or a negated list; for a number, also a range. For a duration, accepts only a range. */
function matcherOf(scalar: ScalarSchema): v.GenericSchema<unknown, Matcher> {
  if (scalar === duration) return boundsOf(duration);
  const list = v.pipe(v.array(scalar), v.minLength(1));
  const not = v.pipe(v.exactOptional(v.union([scalar, list])), v.description('None of these.'));
  if (scalar === number) return v.union([scalar, list, boundsOf(v.number(), { not })]);
  const negated = v.pipe(
    v.strictObject({ not }),
    v.check((bounds) => Object.keys(bounds).length > 0, 'it is empty: write {not: …}'),
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
    v.check((bounds) => Object.keys(bounds).length > 0, 'it is empty: write {max: …} or {min: …}'),
    v.check(({ min, max }) => !(Number(min) > Number(max)), 'nothing matches: min is greater than max'),
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

/** All fields that an `expect` step supports: of the card's JSON form, and of the previous step's result. */
// biome-ignore format: a table, one field a line
const FIELDS: readonly (readonly [name: string, schema: ScalarSchema, about: string])[] = [
  ['stage', words(STAGES), 'Stage of the card.'],
  ['orderStatus', vendorWord(ORDER_STATUSES), 'Status of the order at Wise.'],
  ['production.status', vendorWord(PRODUCTION_STATUSES), 'Status of the production at Wise.'],
  ['production.kioskId', text, 'Kiosk of the production.'],
  ['production.errorCode', words(CODES), 'Error code of the failed or refused production.'],
  ['production.occurredAt', text, "Time of the production, in the format of Wise."],
  ['production.description', text, "Description of the error by Wise."],
  ['attempt', number, 'Number of attempts on the card in this journal.'],
  ['attemptId', text, 'Id of the latest attempt.'],
  ['profileId', number, 'Profile of the card.'],
  ['orderId', number, 'Order id of the card.'],
  ['cardToken', text, 'Card token; null before there is one.'],
  ['ageDays', number, 'Whole days since the card was created.'],
  ['daysLeft', number, 'Days left of the 60 in which the card can be produced.'],
  ['next', text, 'Command to run next; null if nothing is left.'],
  ['exitCode', exitCode, 'Exit code of the step before.'],
  ['error', words(failureCodes()), 'Error code of kioskctl from the step before; null if it did not fail.'],
  ['errorCode', words(CODES), "Error code of Wise from the step before, otherwise from the card's production."],
  ['advice', words(RETRY_ADVICE), 'Retry advice of the error catalogue.'],
  ['owner', words(ACTORS), 'Owner of the error in the error catalogue.'],
  ['duration', duration, 'Duration of the step before.'],
  ['event', vendorWord([...new Set([...PRODUCTION_STATUSES, ...ORDER_STATUSES])]), "Status of one of the card's events in the journal."],
];

export const EXPECTED_FIELDS = FIELDS.map(([name]) => name);

/** Schema of the value of an `expect` step. */
export const expectation: v.GenericSchema<unknown, Expectation> = v.pipe(
  v.strictObject(
    Object.fromEntries(
      FIELDS.map(([name, schema, about]) => [
        name,
        v.exactOptional(v.pipe(matcherOf(schema), v.description(about))),
      ]),
    ),
  ),
  v.check((fields) => Object.keys(fields).length > 0, 'it is empty: name a field, like stage: produced'),
  v.transform((fields) =>
    Object.fromEntries(
      Object.entries(fields).filter((field): field is [string, Matcher] => field[1] !== undefined),
    ),
  ),
);
