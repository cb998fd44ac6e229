import { type Failure, failure } from '../domain/errors/failure.ts';
import { parseKioskId } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { asSentence, counted } from '../domain/text/words.ts';
import { type Diagnostic, describe, inOrder, type LocatedDiagnostic, locate } from '../input/diagnostic.ts';
import { readData } from './data-file.ts';
import { type CardPlan, planCard } from './plan-card.ts';
import type { Scenario, Values } from './scenario.ts';
import {
  readScenario,
  type ScenarioSources,
  scenarioUnusable,
  type UsableScenario,
} from './scenario-file.ts';
import { flagOf } from './variables.ts';

/** A mistake in the values of a row, or in the steps that use them. */
interface RowMistake {
  /** Line in the data file. */
  line: number;
  message: string;
}

export interface Examined {
  scenario: Scenario | null;
  mistakes: LocatedDiagnostic[];
  data: { file: string; rows: number; mistakes: RowMistake[] } | null;
  /** Minimum and maximum number of steps per card. Loops with unknown lists are not included. */
  steps: { least: number; most: number };
  /** Variables that must be set to run the scenario. */
  toGive: string[];
  /** The failure that a run would have; null if the scenario can be run. */
  failure: Failure | null;
}

interface Examining extends ScenarioSources {
  dataFile: string | null;
  values: Values;
  environment: string;
}

/** Maximum number of mistakes in one report. */
const MOST_MISTAKES = 100;

/** Placeholder for the kiosk that a run would choose. */
const SOME_KIOSK = parseKioskId('WIS00001');

/**
 * Validates a scenario. With a data file, validates it with the values of each row. Sends nothing.
 * @throws Failure for an unreadable file
 */
export async function examineScenario(nameOrFile: string, options: Examining): Promise<Examined> {
  const read = await readScenario(nameOrFile, options);
  const { scenario } = read;
  const none = { scenario, data: null, steps: spanOf([]), toGive: [] };
  const place = (mistakes: readonly Diagnostic[]) =>
    inOrder(locate(mistakes, ({ path, at }) => read.placeOf(path, at)));
  const unusable = (mistakes: LocatedDiagnostic[]): Examined => ({
    ...none,
    mistakes,
    failure: scenarioUnusable(nameOrFile, mistakes),
  });
  if (!scenario) return unusable(read.mistakes);
  if (options.dataFile !== null)
    return examineRows({ ...read, scenario }, options.dataFile, {
      ...options,
      flagsUnusable: (mistakes) => unusable(place(mistakes)),
    });
  const toGive = scenario.variables
    .filter(({ name, required }) => required && !Object.hasOwn(options.values, name))
    .map(({ name }) => name);
  const needsCard =
    scenario.variables.some(({ name }) => name === 'card') && !Object.hasOwn(options.values, 'card');
  if (toGive.length > 0 || needsCard)
    return { ...none, mistakes: [], steps: spanOf([scenario.stepCount]), toGive, failure: null };
  const card = planRow(scenario, options, { number: 1, values: {} });
  const mistakes = place(card.mistakes);
  if (mistakes.length > 0) return unusable(mistakes);
  return { ...none, mistakes, steps: spanOf([card.steps.length]), failure: null };
}

function planRow(
  scenario: Scenario,
  { values, environment }: Examining,
  row: { number: number; values: Values },
): CardPlan {
  const given = { number: row.number, runId: 'check', environment, kioskId: SOME_KIOSK };
  return planCard(scenario, { ...given, values: { ...values, ...row.values } });
}

function spanOf(counts: readonly number[]): Examined['steps'] {
  return counts.reduce(
    ({ least, most }, count) => ({ least: Math.min(least || count, count), most: Math.max(most, count) }),
    { least: 0, most: 0 },
  );
}

async function examineRows(
  { scenario, placeOf }: UsableScenario,
  file: string,
  options: Examining & { flagsUnusable: (mistakes: readonly Diagnostic[]) => Examined },
): Promise<Examined> {
  const { rows } = await readData(file, options.files);
  const mistakes: RowMistake[] = [];
  const counts: number[] = [];
  for (const [index, { line, values }] of rows.entries()) {
    const card = planRow(scenario, options, { number: index + 1, values });
    const ofFlags = card.mistakes.filter((one) => flagOf(one, options.values, values) !== null);
    if (ofFlags.length > 0) return options.flagsUnusable(ofFlags);
    counts.push(card.steps.length);
    for (const { path, at, message } of card.mistakes) {
      const where = path[0] === 'variables' ? '' : ` (line ${placeOf(path, at).line} of the scenario)`;
      mistakes.push({ line, message: `${message}${where}` });
    }
    if (mistakes.length >= MOST_MISTAKES) break;
  }
  return {
    scenario,
    mistakes: [],
    data: { file, rows: rows.length, mistakes: mistakes.slice(0, MOST_MISTAKES) },
    steps: spanOf(counts),
    toGive: [],
    failure: mistakes[0] ? rowUnusable(file, mistakes[0], mistakes.length - 1) : null,
  };
}

function rowUnusable(file: string, { line, message }: RowMistake, others: number): Failure {
  const more = others > 0 ? ` (and ${counted(others, 'more mistake')})` : '';
  const what = describe({ path: '', message });
  return failure(
    'invalid-input',
    asSentence(`${printable(file)}, line ${line}: ${what}${more}`),
    'Correct the row, and check again.',
  );
}
