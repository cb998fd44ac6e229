import * as v from 'valibot';
import { Failure } from '../../domain/errors/failure.ts';
import { PRODUCTION_ERRORS } from '../../domain/errors/vendor-errors.ts';
import { byFlag, parseSimulation, type Simulation } from '../../domain/production.ts';
import { parseDuration } from '../../domain/times/duration.ts';

/*
 * `metadata` is for the JSON Schema of scenario files only. The parsers of the commands check the values.
 */

/** Pattern of the names of variables and loop variables. */
export const VARIABLE_NAME = /^[A-Za-z_][\w-]{0,63}$/;

/** A duration, parsed to milliseconds. */
export const duration = v.pipe(
  v.union([v.pipe(v.string(), v.metadata({ pattern: '^(\\d{1,9}(ms|s|m|h|d)|0)$' })), v.number()]),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const milliseconds = attempt(() => parseDuration(String(dataset.value)));
    if (typeof milliseconds === 'number') return milliseconds;
    addIssue({
      message: 'it is not a duration: one whole number and its unit, like 500ms, 30s, 5m, 2h or 61d',
    });
    return NEVER;
  }),
);

/** Simulated results that editors suggest. */
const SIMULATIONS = [
  'PRODUCED',
  'profile-verified',
  'PRODUCTION_ERROR',
  ...PRODUCTION_ERRORS.map(([code]) => `PRODUCTION_ERROR:${code}`),
];

export const simulation = v.pipe(
  v.string(),
  v.metadata({ enum: SIMULATIONS }),
  v.rawTransform<string, Simulation | 'profile-verified'>(({ dataset, addIssue, NEVER }) => {
    if (dataset.value === 'profile-verified') return dataset.value;
    const read = attempt(() => parseSimulation(dataset.value));
    if (!(read instanceof Failure)) return read;
    addIssue({ message: messageOf(read) });
    return NEVER;
  }),
);

/** Schema of the produce request fields, for steps that send a card. */
export const produceFields = byFlag(({ parse, summary }) =>
  v.exactOptional(
    v.pipe(
      v.union([v.string(), v.number()]),
      v.description(summary),
      v.rawTransform(({ dataset, addIssue, NEVER }) => {
        const read = attempt(() => parse(String(dataset.value)));
        if (!(read instanceof Failure)) return read;
        addIssue({ message: messageOf(read) });
        return NEVER;
      }),
    ),
  ),
);

function messageOf({ message, hint }: Failure): string {
  return `${message} ${hint}`.replace(/\.$/, '');
}

export const variableName = v.pipe(
  v.string(),
  v.regex(VARIABLE_NAME, 'a name consists of letters, digits, _ and -, and begins with a letter'),
);

/** Returns the result of a parser, or the failure that it throws. */
function attempt<Read>(read: () => Read): Read | Failure {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
