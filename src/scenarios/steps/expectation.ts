import * as v from 'valibot';
import { ERROR_CATALOGUE } from '../../domain/errors/error-catalogue.ts';
import { EXIT_CODES } from '../../domain/errors/exit-codes.ts';
import { failureCodes } from '../../domain/errors/failure.ts';
import { ACTORS, RETRY_ADVICE } from '../../domain/errors/vendor-errors.ts';
import { STAGES } from '../../domain/stage.ts';
import { orNearest } from '../../input/diagnostic.ts';
import type { Expectation, Matcher, Scalar } from './meets.ts';
import { duration } from './values.ts';

type ScalarSchema = v.GenericSchema<unknown, Scalar>;

/** A word of the vendor's: one that is nearly a known one is a typo, others may be new. */
function vendorWord(words: readonly string[]): ScalarSchema {
  return v.nullable(
    v.pipe(
      v.string(),
      v.metadata({ examples: words }),
      v.check(
        (word) => words.includes(word) || orNearest(word, words) === '',
        ({ input }) => `it is no word of the vendor's${orNearest(input, words)}`,
      ),
    ),
  );
}

function scalarOf(type: FieldType): ScalarSchema {
  switch (type.kind) {
    case 'words':
      return v.nullable(v.picklist(type.words));
    case 'vendor':
      return vendorWord(type.words);
    case 'exit-code':
      return v.pipe(
        v.number(),
        v.metadata({ enum: KNOWN_EXIT_CODES }),
        v.check((code) => KNOWN_EXIT_CODES.includes(code), 'it is no exit code of kioskctl'),
      );
    case 'number':
      return v.nullable(v.number());
    case 'duration':
      return duration;
    case 'text':
      return v.nullable(v.string());
  }
}

/** Accepts what may be expected of a field: a value, one of several, anything but one, or bounds. */
function matcherOf(type: FieldType): v.GenericSchema<unknown, Matcher> {
  const scalar = scalarOf(type);
  const list = v.pipe(v.array(scalar), v.minLength(1));
  const not = v.pipe(v.exactOptional(v.union([scalar, list])), v.description('None of these.'));
  if (type.kind === 'duration') return boundsOf(duration);
  const negated = v.pipe(
    v.strictObject({ not }),
    v.check((bounds) => Object.keys(bounds).length > 0, 'it says nothing: write {not: …}'),
  );
  if (type.kind !== 'number') return v.union([scalar, list, negated]);
  return v.union([scalar, list, boundsOf(v.number(), { not })]);
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

/** The values of a field. `vendor`: one of these words, or one that the vendor added since. Numbers have bounds, too. */
export type FieldType =
  | { kind: 'words' | 'vendor'; words: readonly string[] }
  | { kind: 'text' | 'number' | 'duration' | 'exit-code' };

export interface ExpectedField {
  name: string;
  type: FieldType;
  about: string;
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

const text: FieldType = { kind: 'text' };
const number: FieldType = { kind: 'number' };

/** All fields that an `expect` step may name: those of the card's document, and of the result of the step before. */
export const EXPECTED_FIELDS: readonly ExpectedField[] = [
  { name: 'stage', type: { kind: 'words', words: STAGES }, about: 'Where the card stands.' },
  {
    name: 'orderStatus',
    type: { kind: 'vendor', words: ORDER_STATUSES },
    about: 'What the vendor says of the order.',
  },
  {
    name: 'production.status',
    type: { kind: 'vendor', words: PRODUCTION_STATUSES },
    about: 'What the vendor says of the production.',
  },
  { name: 'production.kioskId', type: text, about: 'The kiosk that the card was sent to.' },
  {
    name: 'production.errorCode',
    type: { kind: 'words', words: CODES },
    about: 'Why the production failed, or was refused.',
  },
  { name: 'production.occurredAt', type: text, about: "The production's time, as the vendor writes it." },
  { name: 'production.description', type: text, about: "The vendor's own words on the error." },
  { name: 'attempt', type: number, about: 'How many attempts on the card this journal knows.' },
  { name: 'attemptId', type: text, about: 'The latest attempt.' },
  { name: 'profileId', type: number, about: 'The profile that the card belongs to.' },
  { name: 'orderId', type: number, about: 'The order of the card.' },
  { name: 'cardToken', type: text, about: 'The card; null before there is one.' },
  { name: 'ageDays', type: number, about: 'Whole days since the card was created.' },
  { name: 'daysLeft', type: number, about: 'How many of the 60 days are left in which it can be produced.' },
  { name: 'next', type: text, about: 'The command that a person would run next; null when nothing is left.' },
  { name: 'exitCode', type: { kind: 'exit-code' }, about: 'What the step before would end a command with.' },
  {
    name: 'error',
    type: { kind: 'words', words: failureCodes() },
    about: 'The stable code of what went wrong in the step before; null when nothing did.',
  },
  {
    name: 'errorCode',
    type: { kind: 'words', words: CODES },
    about: "The vendor's code: of the failure in the step before, else of the card's production.",
  },
  {
    name: 'advice',
    type: { kind: 'words', words: RETRY_ADVICE },
    about: 'When to retry, by the error catalogue.',
  },
  { name: 'owner', type: { kind: 'words', words: ACTORS }, about: 'Who acts, by the error catalogue.' },
  { name: 'duration', type: { kind: 'duration' }, about: 'How long the step before took.' },
  {
    name: 'event',
    type: { kind: 'vendor', words: [...new Set([...PRODUCTION_STATUSES, ...ORDER_STATUSES])] },
    about: "A status that one of the card's events told, in the journal.",
  },
];

export const KNOWN_EXIT_CODES: readonly number[] = EXIT_CODES.map(({ code }) => code);

/** The value of an `expect` step. */
export const expectation: v.GenericSchema<unknown, Expectation> = v.pipe(
  v.strictObject(
    Object.fromEntries(
      EXPECTED_FIELDS.map(({ name, type, about }) => [
        name,
        v.exactOptional(v.pipe(matcherOf(type), v.description(about))),
      ]),
    ),
  ),
  v.check(
    (fields) => Object.keys(fields).length > 0,
    'it expects nothing: name a field, like stage: produced',
  ),
  v.transform((fields) => Object.fromEntries(Object.entries(fields).filter(isGiven))),
);

function isGiven(field: [string, Matcher | undefined]): field is [string, Matcher] {
  return field[1] !== undefined;
}
