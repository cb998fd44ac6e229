import { Failure } from '../domain/errors/failure.ts';
import { isKioskId, type KioskId, parseCardName, parseKioskId } from '../domain/ids.ts';
import { type Diagnostic, diagnostic, isMapping, orNearest } from '../input/diagnostic.ts';
import { templatesIn, type Value } from './interpolate.ts';
import type { Scenario, Values, Variable } from './scenario.ts';
import { isNumber } from './schema-messages.ts';

/** Reports a mistake in a variable. */
type Wrong = (name: string, message: string) => void;

interface Given {
  environment: string;
  kioskId: KioskId | null;
  /** Values of flags and of the card's row. */
  values: Values;
}

interface ResolvedVariables {
  /** Resolved values of all variables. */
  values: Record<string, Value>;
  kioskId: KioskId | null;
  /** The existing card as the user wrote it; null for none. */
  card: string | null;
}

/**
 * Resolves the variables for one card: from passed values, otherwise from defaults. Messages never contain passed
 * values.
 */
export function resolveVariables(scenario: Scenario, given: Given, wrong: Wrong): ResolvedVariables {
  const values = readValues(scenario, given, wrong);
  const kiosk = given.values.kiosk ?? given.kioskId ?? values.kiosk ?? null;
  const unreadable = (name: string) => (why: string) => wrong(name, `“${name}” can’t be read: ${why}`);
  const kioskId = check(kiosk, parseKioskId, unreadable('kiosk'));
  const card = check(values.card ?? null, parseCardName, unreadable('card'));
  return { values, kioskId: kioskId !== null && isKioskId(kioskId) ? kioskId : null, card };
}

function readValues({ variables }: Scenario, given: Given, wrong: Wrong): Record<string, Value> {
  const known = variables.map(({ name }) => name);
  for (const name of Object.keys(given.values)) {
    if (!known.includes(name) && name !== 'kiosk')
      wrong(name, `the scenario has no variable “${name}”${orNearest(name, [...known, 'kiosk'])}`);
  }
  return Object.fromEntries(
    variables.map(({ name, required, local, ...variable }) => {
      const isLocal = given.environment === 'local' && local !== undefined;
      const otherwise = isLocal ? local : variable.default;
      const text = Object.hasOwn(given.values, name) ? given.values[name] : undefined;
      if (text !== undefined && text !== null)
        return [name, likeDefault(text, otherwise, (why) => wrong(name, `“${name}” ${why}`))];
      if (required)
        wrong(name, `“${name}” is required: set --var ${name}=…, or a column ${name} in the data`);
      return [name, otherwise];
    }),
  );
}

/** Returns the `--var` whose value has a mistake; null if the value is from the card's row, or from the scenario. */
export function flagOf({ path: [section, name] }: Diagnostic, flags: Values, row: Values): string | null {
  if (section !== 'variables' || typeof name !== 'string') return null;
  return Object.hasOwn(flags, name) && !Object.hasOwn(row, name) ? `--var ${name}` : null;
}

/** Parses a text from a flag or column to the type of the default (number, list …). */
function likeDefault(value: Value, otherwise: Value, wrong: (why: string) => void): Value {
  if (typeof value !== 'string' || otherwise === null || typeof otherwise === 'string') return value;
  if (typeof otherwise === 'number' && isNumber(value)) return Number(value);
  if (typeof otherwise === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  if (Array.isArray(otherwise)) return listOf(value);
  const wanted = typeof otherwise === 'number' ? 'a number' : 'true or false';
  wrong(`is not ${typeof otherwise === 'object' ? 'a mapping, which only the file can have' : wanted}`);
  return value;
}

/** Parses a comma-separated list from a flag or column. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Validates a value with a parser. @returns the value as text; null if it is invalid */
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

/** Parses the variables of a file and finds contradictory fields. */
export function readVariables(content: unknown): { variables: Variable[]; mistakes: Diagnostic[] } {
  if (!isMapping(content)) return { variables: [], mistakes: [] };
  const variables = Object.entries(content).map(([name, written]) => readVariable(name, written));
  const mistakes = [
    ...templatesIn(content, ['variables'])
      .filter(({ path }) => path.at(-1) !== 'description')
      .map(({ path }) =>
        diagnostic(path, 'a default is used as it is: it can’t contain other variables', 'key'),
      ),
    ...variables
      .filter((one) => one.required && (one.default !== null || one.local !== undefined))
      .map(({ name }) =>
        diagnostic(['variables', name], 'it is required, so its default is never used', 'key'),
      ),
    ...variables
      .filter(({ name }) => name === 'run')
      .map(({ name }) => diagnostic(['variables', name], '“run” is the name of the run itself', 'key')),
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

/** Converts a YAML or JSON value. */
function toValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(toValue);
  if (isMapping(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toValue(inner)]));
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
