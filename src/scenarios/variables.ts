import { Failure } from '../domain/errors/failure.ts';
import { isKioskId, type KioskId, parseKioskId, parseReference } from '../domain/ids.ts';
import { isMapping, orNearest, type Remark } from '../input/diagnostic.ts';
import { templatesIn, type Value } from './interpolate.ts';
import { isNumber } from './parse-filled.ts';
import type { Scenario, Values, Variable } from './scenario.ts';

/** Takes what is wrong with a variable; null for the variables as a whole. */
type Wrong = (name: string | null, message: string) => void;

interface Given {
  environment: string;
  kioskId: KioskId | null;
  /** From flags and from the card's row. */
  values: Values;
}

interface ResolvedVariables {
  /** Of every variable of the scenario. */
  values: Record<string, Value>;
  kioskId: KioskId | null;
  /** An existing card, as the user wrote it. */
  card: string | null;
}

/** The values of one card: what was given, else the defaults. Messages never show what was given. */
export function resolveVariables(scenario: Scenario, given: Given, wrong: Wrong): ResolvedVariables {
  const values = readValues(scenario, given, wrong);
  const kiosk = given.values.kiosk ?? given.kioskId ?? values.kiosk ?? null;
  const card = values.card ?? null;
  const kioskId = kiosk === null ? '' : read('kiosk', { value: kiosk, parse: parseKioskId, wrong });
  return {
    values,
    kioskId: isKioskId(kioskId) ? kioskId : null,
    card: card === null ? null : read('card', { value: card, parse: parseReference, wrong }),
  };
}

function readValues({ variables }: Scenario, given: Given, wrong: Wrong): Record<string, Value> {
  const known = variables.map(({ name }) => name);
  for (const name of Object.keys(given.values)) {
    if (!known.includes(name) && name !== 'kiosk')
      wrong(null, `the scenario has no variable “${name}”${orNearest(name, [...known, 'kiosk'])}`);
  }
  return Object.fromEntries(
    variables.map(({ name, required, local, ...variable }) => {
      const isLocal = given.environment === 'local' && local !== undefined;
      const otherwise = isLocal ? local : variable.default;
      const said = Object.hasOwn(given.values, name) ? given.values[name] : undefined;
      if (said !== undefined && said !== null)
        return [name, likeDefault(said, otherwise, (why) => wrong(name, `“${name}” ${why}`))];
      if (required) wrong(name, `“${name}” must be given: --var ${name}=…, or a column ${name} of the data`);
      return [name, otherwise];
    }),
  );
}

/** Flags and columns give text: where the default is a number, a list …, it is read as one. */
function likeDefault(said: Value, otherwise: Value, wrong: (why: string) => void): Value {
  if (typeof said !== 'string' || otherwise === null || typeof otherwise === 'string') return said;
  if (typeof otherwise === 'number' && isNumber(said)) return Number(said);
  if (typeof otherwise === 'boolean' && (said === 'true' || said === 'false')) return said === 'true';
  if (Array.isArray(otherwise)) return listOf(said);
  const wanted = typeof otherwise === 'number' ? 'a number' : 'true or false';
  wrong(`is not ${typeof otherwise === 'object' ? 'a mapping, which only the file can have' : wanted}`);
  return said;
}

/** Items between commas, as a flag or a column gives a list. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function read(
  name: string,
  { value, parse, wrong }: { value: Value; parse: (text: string) => unknown; wrong: Wrong },
): string {
  const text = typeof value === 'object' ? '' : String(value);
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    wrong(name, `“${name}” can’t be read: ${error.hint.replace(/\.$/, '')}`);
  }
  return text;
}

/** The variables of a file, as far as they can be read. */
export function readVariables(content: unknown): { variables: Variable[]; mistakes: Remark[] } {
  if (!isMapping(content)) return { variables: [], mistakes: [] };
  const variables = Object.entries(content).map(([name, said]) => readVariable(name, said));
  const mistakes = [
    ...templatesIn(content, ['variables'])
      .filter(({ path }) => path.at(-1) !== 'description')
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
