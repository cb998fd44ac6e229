import * as v from 'valibot';
import type { Expectation, Matcher, Scalar } from '../../domain/expectation.ts';
import { orNearest } from '../../input/diagnostic.ts';
import { EXPECTED_FIELDS, type FieldType, KNOWN_EXIT_CODES } from './expected-fields.ts';
import { duration, mapping } from './values.ts';

type ScalarSchema = v.GenericSchema<unknown, Scalar>;

/** A word of the vendor's own: one that is nearly a known one is a slip, others may be new. */
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
    default:
      return v.nullable(v.string());
  }
}

/** What may be expected of a field: a value, one of several, anything but one, or bounds. */
function matcherOf(type: FieldType): v.GenericSchema<unknown, Matcher> {
  const scalar = scalarOf(type);
  const list = v.pipe(v.array(scalar), v.minLength(1));
  const not = v.pipe(v.exactOptional(v.union([scalar, list])), v.description('None of these.'));
  if (type.kind === 'duration') return boundsOf(duration);
  const negated = v.pipe(
    mapping({ not }),
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
    mapping(entries),
    v.check((bounds) => Object.keys(bounds).length > 0, 'it says nothing: write {max: …} or {min: …}'),
    v.check(({ min, max }) => !(Number(min) > Number(max)), 'nothing is that: min is more than max'),
  );
}

/** All of `expect`: each field that it may name, with what may be expected of it. */
export const expectation: v.GenericSchema<unknown, Expectation> = v.pipe(
  mapping(
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
