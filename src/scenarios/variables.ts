import { Failure } from '../domain/errors/failure.ts';
import { isKioskId, type KioskId, parseKioskId, parseReference } from '../domain/ids.ts';
import { isMapping, orNearest, type Remark } from '../input/diagnostic.ts';
import { templatesIn, type Value } from './interpolate.ts';
import { isNumber } from './parse-filled.ts';
import type { Scenario, Values, Variable } from './scenario.ts';

/** Receives what is wrong with a variable; null for the variables as a whole. */
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

/** Returns the values of one card: those that were set, else the defaults. Messages never show values that were set. */
export function resolveVariables(scenario: Scenario, given: Given, wrong: Wrong): ResolvedVariables {
  const values = readValues(scenario, given, wrong);
  const kiosk = given.values.kiosk ?? given.kioskId ?? values.kiosk ?? null;
  const unreadable = (name: string) => (why: string) => wrong(name, `“${name}” can’t be read: ${why}`);
  const kioskId = check(kiosk, parseKioskId, unreadable('kiosk'));
  const card = check(values.card ?? null, parseReference, unreadable('card'));
  return { values, kioskId: kioskId !== null && isKioskId(kioskId) ? kioskId : null, card };
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
      const text = Object.hasOwn(given.values, name) ? given.values[name] : undefined;
      if (text !== undefined && text !== null)
        return [name, likeDefault(text, otherwise, (why) => wrong(name, `“${name}” ${why}`))];
      if (required) wrong(name, `“${name}” must be given: --var ${name}=…, or a column ${name} of the data`);
      return [name, otherwise];
    }),
  );
}

/** Flags and columns are text: where the default is a number, a list …, the text is parsed as one. */
function likeDefault(value: Value, otherwise: Value, wrong: (why: string) => void): Value {
  if (typeof value !== 'string' || otherwise === null || typeof otherwise === 'string') return value;
  if (typeof otherwise === 'number' && isNumber(value)) return Number(value);
  if (typeof otherwise === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  if (Array.isArray(otherwise)) return listOf(value);
  const wanted = typeof otherwise === 'number' ? 'a number' : 'true or false';
  wrong(`is not ${typeof otherwise === 'object' ? 'a mapping, which only the file can have' : wanted}`);
  return value;
}

/** Returns the items between commas, the form of a list in a flag or a column. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** @returns the value as text; null where it can't be parsed */
function check(value: Value, parse: (text: string) => unknown, wrong: (why: string) => void): string | null {
  if (value === null) return null;
  const text = typeof value === 'object' ? '' : String(value);
  try {
    parse(text);
    return text;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    wrong(error.hint.replace(/\.$/, ''));
    return null;
  }
}

/** Reads the variables of a file, as far as that is possible, and checks how they go together. */
export function readVariables(content: unknown): { variables: Variable[]; mistakes: Remark[] } {
  if (!isMapping(content)) return { variables: [], mistakes: [] };
  const variables = Object.entries(content).map(([name, written]) => readVariable(name, written));
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

function readVariable(name: string, written: unknown): Variable {
  const { description, required, local, ...rest } = isMapping(written) ? written : { default: written };
  return {
    name,
    description: typeof description === 'string' ? description : null,
    required: required === true,
    default: toValue(rest.default),
    local: local === undefined ? undefined : toValue(local),
  };
}

/** YAML and JSON have no other values. */
function toValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(toValue);
  if (isMapping(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toValue(inner)]));
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function mistake(path: Remark['path'], message: string): Remark {
  return { path, at: 'key', message };
}
