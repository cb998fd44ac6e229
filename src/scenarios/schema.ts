import * as v from 'valibot';
import { duration, variableName } from './steps/values.ts';

/** The most steps of one card, with loops unrolled. */
export const MOST_STEPS = 10_000;

const text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(1_000));

export const times = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_STEPS));

const timeout = v.pipe(duration, v.description('How long the step may take, like 30s or 5m.'));
const onFailure = v.pipe(
  v.picklist(['stop', 'continue', 'stop-run']),
  v.description(
    'When the step fails: the card’s way ends (stop), it goes on (continue), or no further card is begun (stop-run).',
  ),
);

/** The fields beside the word of a step. */
export const stepOptions = v.strictObject({
  name: v.exactOptional(
    v.pipe(text, v.maxLength(200), v.description('What reports call the step. Nothing about a person.')),
  ),
  timeout: v.exactOptional(timeout),
  'on-failure': v.exactOptional(onFailure),
});

/** Makes the schemas of a scenario file and of its loops. @param step the schema of a step */
export function makeSchemas(step: v.GenericSchema) {
  const steps = v.pipe(v.array(step), v.minLength(1), v.description('What is done, in this order.'));
  return { file: scenarioFile(steps), loops: loopBodies(steps) };
}

function loopBodies(steps: v.GenericSchema) {
  const repeat = v.pipe(
    v.strictObject({
      times: v.pipe(times, v.description('How often.')),
      as: v.exactOptional(
        v.pipe(variableName, v.description('What ${…} calls the number of the turn: 1, 2, 3 …')),
      ),
      steps,
    }),
    v.description('The same steps several times.'),
  );
  const forEach = v.pipe(
    v.strictObject({
      in: v.pipe(
        v.array(v.unknown()),
        v.description('A list, or ${…} that names one. Items may be mappings: ${entry.code}.'),
      ),
      as: v.pipe(variableName, v.description('What ${…} calls the item.')),
      steps,
    }),
    v.description('The same steps for each item of a list.'),
  );
  return { repeat, 'for-each': forEach };
}

const VALUE_LIKE = v.union([v.string(), v.number(), v.boolean(), v.null(), v.array(v.unknown())]);

const variable = v.union([
  VALUE_LIKE,
  v.strictObject({
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

function scenarioFile(steps: v.GenericSchema) {
  return v.strictObject({
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
        v.nullable(
          v.strictObject({ timeout: v.exactOptional(timeout), 'on-failure': v.exactOptional(onFailure) }),
        ),
        v.description('Of all steps that do not say otherwise.'),
      ),
    ),
    steps,
  });
}
