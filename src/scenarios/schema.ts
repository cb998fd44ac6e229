import * as v from 'valibot';
import { duration, variableName } from './steps/values.ts';

/** Maximum number of steps per card, with loops unrolled. */
export const MOST_STEPS = 10_000;

const text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(1_000));

export const times = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_STEPS));

const timeout = v.pipe(duration, v.description('Maximum time of the step, like 30s or 5m.'));
const onFailure = v.pipe(
  v.picklist(['stop', 'continue', 'stop-run']),
  v.description(
    'If the step fails: end this card (stop), continue with it (continue), or start no further cards (stop-run).',
  ),
);

/** The fields next to the keyword of a step. */
export const stepOptions = v.strictObject({
  name: v.exactOptional(
    v.pipe(
      text,
      v.maxLength(200),
      v.description('Name of the step in reports. Must not contain personal data.'),
    ),
  ),
  timeout: v.exactOptional(timeout),
  'on-failure': v.exactOptional(onFailure),
});

/** Creates the schemas of a scenario file and of its loops. @param step schema of a step */
export function makeSchemas(step: v.GenericSchema) {
  const steps = v.pipe(v.array(step), v.minLength(1), v.description('Steps, in this order.'));
  return { file: scenarioFile(steps), loops: loopBodies(steps) };
}

function loopBodies(steps: v.GenericSchema) {
  const repeat = v.pipe(
    v.strictObject({
      times: v.pipe(times, v.description('Number of repetitions.')),
      as: v.exactOptional(
        v.pipe(variableName, v.description('Variable for the number of the repetition: 1, 2, 3 …')),
      ),
      steps,
    }),
    v.description('Repeats the same steps.'),
  );
  const forEach = v.pipe(
    v.strictObject({
      in: v.pipe(
        v.array(v.unknown()),
        v.description('A list, or ${…} with the name of one. Items can be mappings: ${entry.code}.'),
      ),
      as: v.pipe(variableName, v.description('Variable for the item.')),
      steps,
    }),
    v.description('Runs the same steps for each item of a list.'),
  );
  return { repeat, 'for-each': forEach };
}

const VALUE_LIKE = v.union([v.string(), v.number(), v.boolean(), v.null(), v.array(v.unknown())]);

const variable = v.union([
  VALUE_LIKE,
  v.strictObject({
    default: v.exactOptional(v.pipe(v.unknown(), v.description('Default value; null means none.'))),
    local: v.exactOptional(v.pipe(v.unknown(), v.description('Default value in the embedded sandbox.'))),
    required: v.exactOptional(v.pipe(v.boolean(), v.description('Required: set it with --var or a column.'))),
    description: v.exactOptional(v.pipe(text, v.description('Description for users of the scenario.'))),
  }),
]);

function scenarioFile(steps: v.GenericSchema) {
  return v.strictObject({
    version: v.pipe(v.literal(1), v.description('Version of this format.')),
    name: v.pipe(text, v.maxLength(100), v.description('Name of the scenario in reports.')),
    description: v.exactOptional(v.pipe(text, v.description('Description in one sentence.'))),
    variables: v.exactOptional(
      v.pipe(
        v.nullable(v.record(variableName, variable)),
        v.description('Names for ${…}: each with its default, or a mapping with more settings.'),
      ),
    ),
    defaults: v.exactOptional(
      v.pipe(
        v.nullable(
          v.strictObject({ timeout: v.exactOptional(timeout), 'on-failure': v.exactOptional(onFailure) }),
        ),
        v.description('Defaults of all steps.'),
      ),
    ),
    steps,
  });
}
