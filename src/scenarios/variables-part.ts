import { isMapping, type Remark } from '../input/diagnostic.ts';
import { isTemplate, textsIn } from './interpolate.ts';
import type { Value, Variable } from './steps/step.ts';

/** The variables of a file, as far as they can be read. */
export function readVariables(content: unknown): { variables: Variable[]; mistakes: Remark[] } {
  if (!isMapping(content)) return { variables: [], mistakes: [] };
  const variables = Object.entries(content).map(([name, said]) => readVariable(name, said));
  const mistakes = [
    ...[...textsIn(content, ['variables'])]
      .filter(({ text, path }) => isTemplate(text) && path.at(-1) !== 'description')
      .map(({ path }) => mistake(path, 'a default is taken as it is: it can’t name other variables')),
    ...variables
      .filter((one) => one.required && (one.default !== null || one.local !== undefined))
      .map(({ name }) => mistake(['variables', name], 'it is required, so that its default is never used')),
    ...variables
      .filter(({ name }) => name === 'run')
      .map(({ name }) => mistake(['variables', name], '“run” is the name of the run itself')),
  ];
  return { variables, mistakes };
}

function readVariable(name: string, said: unknown): Variable {
  const { description, required, local, ...rest } = isMapping(said) ? said : { default: said };
  return {
    name,
    description: typeof description === 'string' ? description : null,
    required: required === true,
    default: toValue(rest.default),
    local: local === undefined ? undefined : toValue(local),
  };
}

/** YAML and JSON give nothing else. */
function toValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(toValue);
  if (isMapping(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toValue(inner)]));
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function mistake(path: Remark['path'], message: string): Remark {
  return { path, at: 'key', message };
}
