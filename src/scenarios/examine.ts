import { type Failure, failure } from '../domain/errors/failure.ts';
import { parseKioskId } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { asSentence } from '../input/diagnostic.ts';
import { describe, type Finding, inOrder, locate } from '../input/yaml-file.ts';
import { readData } from './data-file.ts';
import { planCard } from './plan-card.ts';
import type { Scenario, Values } from './scenario.ts';
import { type ReadScenario, readScenario, type ScenarioSources, scenarioUnusable } from './scenario-file.ts';

/** What is wrong with what a row gives. */
export interface RowMistake {
  /** Of the data file. */
  line: number;
  message: string;
}

export interface Examined {
  scenario: Scenario | null;
  mistakes: Finding[];
  data: { file: string; rows: number; mistakes: RowMistake[] } | null;
  /** How many steps the card with the least has, and the one with the most; as far as values are known. */
  steps: { least: number; most: number };
  /** The variables that a run has yet to be given. */
  toGive: string[];
  /** Why it can't be run as it is; null when it can. */
  failure: Failure | null;
}

export interface Examining extends ScenarioSources {
  dataFile: string | null;
  values: Values;
  environment: string;
}

/** Of a kind: the rest shows once these are corrected. */
const MOST_MISTAKES = 100;

/** Stands for the kiosk that a run would take. */
const SOME_KIOSK = parseKioskId('WIS00001');

/**
 * Reads a scenario, and works out each row's card of a data file; nothing is sent.
 * @throws Failure for files that can't be read at all
 */
export async function examineScenario(nameOrFile: string, options: Examining): Promise<Examined> {
  const read = await readScenario(nameOrFile, options);
  const { scenario } = read;
  const unusable = (mistakes: Finding[]) => ({
    scenario,
    mistakes,
    data: null,
    steps: spanOf([]),
    toGive: [],
    failure: scenarioUnusable(nameOrFile, mistakes),
  });
  if (!scenario) return unusable(read.mistakes);
  if (options.dataFile !== null) return examineRows({ ...read, scenario }, options.dataFile, options);
  const card = examineCard({ ...read, scenario }, options);
  const mistakes = inOrder(card.mistakes);
  if (mistakes.length > 0) return unusable(mistakes);
  const toGive = scenario.variables
    .filter(({ name, required }) => required && !Object.hasOwn(options.values, name))
    .map(({ name }) => name);
  return { scenario, mistakes, data: null, steps: spanOf([card.steps]), toGive, failure: null };
}

type Usable = ReadScenario & { scenario: Scenario };

/** One card, unless values are missing that a run would be given. */
function examineCard(
  { scenario, placeOf }: Usable,
  { values, environment }: Examining,
): { mistakes: Finding[]; steps: number } {
  const isComplete = scenario.variables.every(
    ({ name, required }) => Object.hasOwn(values, name) || (!required && name !== 'card'),
  );
  if (!isComplete) return { mistakes: [], steps: scenario.stepCount };
  const { mistakes, steps } = planCard(scenario, {
    number: 1,
    runId: 'check',
    environment,
    kioskId: SOME_KIOSK,
    values,
  });
  return { mistakes: locate(mistakes, ({ path, at }) => placeOf(path, at)), steps: steps.length };
}

function spanOf(counts: readonly number[]): Examined['steps'] {
  return counts.reduce(
    ({ least, most }, count) => ({ least: Math.min(least || count, count), most: Math.max(most, count) }),
    { least: 0, most: 0 },
  );
}

async function examineRows(
  read: Usable,
  file: string,
  { values, environment, files }: Examining,
): Promise<Examined> {
  const { scenario, placeOf } = read;
  const { rows } = await readData(file, files);
  const mistakes: RowMistake[] = [];
  const counts: number[] = [];
  for (const [index, row] of rows.entries()) {
    const given = { number: index + 1, runId: 'check', environment, kioskId: SOME_KIOSK };
    const card = planCard(scenario, { ...given, values: { ...values, ...row.values } });
    counts.push(card.steps.length);
    for (const { path, at, message } of card.mistakes) {
      const where = path[0] === 'variables' ? '' : ` (line ${placeOf(path, at).line} of the scenario)`;
      mistakes.push({ line: row.line, message: `${message}${where}` });
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
