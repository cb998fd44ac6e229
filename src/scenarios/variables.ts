import { Failure } from '../domain/errors/failure.ts';
import { parseReference } from '../domain/ids.ts';
import { parseKioskId } from '../domain/kiosk-id.ts';
import { orNearest } from '../input/diagnostic.ts';
import { isNumber } from './read-step.ts';
import type { Scenario, Value, Values } from './steps/step.ts';

/** Takes what is wrong with a variable; null for the variables as a whole. */
type Wrong = (name: string | null, message: string) => void;

interface Given {
  environment: string;
  kioskId: string | null;
  /** From flags and from the card's row. */
  values: Values;
}

interface GivenValues {
  /** Of every variable of the scenario. */
  values: Record<string, Value>;
  kioskId: string | null;
  /** An existing card, as the user wrote it. */
  card: string | null;
}

/** The values of one card: what was given, else the defaults. Messages never show what was given. */
export function readGiven(scenario: Scenario, given: Given, wrong: Wrong): GivenValues {
  const values = readValues(scenario, given, wrong);
  const kiosk = given.values.kiosk ?? given.kioskId ?? values.kiosk ?? null;
  const card = values.card ?? null;
  return {
    values,
    kioskId: kiosk === null ? null : read('kiosk', { value: kiosk, parse: parseKioskId, wrong }),
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
