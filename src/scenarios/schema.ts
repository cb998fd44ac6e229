import * as v from 'valibot';
import { PLAIN_WORDS, STEP_BODIES } from './steps/definitions.ts';
import { duration, mapping, variableName } from './steps/values.ts';

/** Unrolled, of one card. */
export const MOST_STEPS = 10_000;

const text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(1_000));

export const timeout = v.pipe(duration, v.description('How long the step may take, like 30s or 5m.'));
export const onFailure = v.pipe(
  v.picklist(['stop', 'continue', 'stop-run']),
  v.description(
    'When the step fails: the card’s way ends (stop), it goes on (continue), or no further card is begun (stop-run).',
  ),
);
export const stepName = v.pipe(
  text,
  v.maxLength(200),
  v.description('What reports call the step. Nothing about a person.'),
);

export const times = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_STEPS));

/** Steps contain steps. */
const steps: v.GenericSchema = v.pipe(
  v.array(v.lazy(() => step)),
  v.minLength(1),
  v.description('What is done, in this order.'),
);

const repeat = v.pipe(
  mapping({
    times: v.pipe(times, v.description('How often.')),
    as: v.exactOptional(
      v.pipe(variableName, v.description('What ${…} calls the number of the turn: 1, 2, 3 …')),
    ),
    steps,
  }),
  v.description('The same steps several times.'),
);

const forEach = v.pipe(
  mapping({
    in: v.pipe(
      v.array(v.unknown()),
      v.description('A list, or ${…} that names one. Items may be mappings: ${entry.code}.'),
    ),
    as: v.pipe(variableName, v.description('What ${…} calls the item.')),
    steps,
  }),
  v.description('The same steps for each item of a list.'),
);

const words = Object.fromEntries(
  Object.entries({ ...STEP_BODIES, repeat, 'for-each': forEach }).map(([word, body]) => [
    word,
    v.exactOptional(body),
  ]),
);

/** A step: its word alone, or its word with what belongs to it. */
export const step = v.union([
  v.picklist(PLAIN_WORDS),
  mapping({
    ...words,
    name: v.exactOptional(stepName),
    timeout: v.exactOptional(timeout),
    'on-failure': v.exactOptional(onFailure),
  }),
]);

const VALUE_LIKE = v.union([v.string(), v.number(), v.boolean(), v.null(), v.array(v.unknown())]);

const variable = v.union([
  VALUE_LIKE,
  mapping({
    default: v.exactOptional(
      v.pipe(v.unknown(), v.description('What it is unless it is given; null is no value.')),
    ),
    local: v.exactOptional(v.pipe(v.unknown(), v.description('The default in the embedded sandbox.'))),
    required: v.exactOptional(
      v.pipe(v.boolean(), v.description('It must be given, with --var or as a column.')),
    ),
    description: v.exactOptional(v.pipe(text, v.description('What it is, for whoever gives it.'))),
  }),
]);

/** A whole file. Every text in its steps may have `${…}` in it. */
export const scenarioFile = mapping({
  version: v.pipe(v.literal(1), v.description('Of this format.')),
  name: v.pipe(text, v.maxLength(100), v.description('What reports call the scenario.')),
  description: v.exactOptional(v.pipe(text, v.description('What it shows, in a sentence.'))),
  variables: v.exactOptional(
    v.pipe(
      v.nullable(v.record(variableName, variable)),
      v.description('The names that ${…} may use: each with its default, or a mapping that says more.'),
    ),
  ),
  defaults: v.exactOptional(
    v.pipe(
      v.nullable(mapping({ timeout: v.exactOptional(timeout), 'on-failure': v.exactOptional(onFailure) })),
      v.description('Of all steps that do not say otherwise.'),
    ),
  ),
  steps,
});
