import { Failure } from '../../domain/errors/failure.ts';
import { asSentence } from '../../domain/remark.ts';
import { counted } from '../../domain/text/counted.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { planCard } from '../../workflows/scenarios/plan-card.ts';
import type { Scenario, Values } from '../../workflows/scenarios/scenario.ts';
import { readData } from './data-file.ts';
import { type ReadScenario, readScenario, scenarioUnusable } from './scenario-file.ts';
import { describe, type Finding, inOrder, locate } from './yaml-file.ts';

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
  /** Why it can't be run as it is; null when it can. */
  failure: Failure | null;
}

export interface Examining {
  /** The folder of the package. */
  root: string;
  dataFile: string | null;
  values: Values;
  environment: string;
}

/** Of a kind: the rest shows once these are corrected. */
const MOST_MISTAKES = 100;

/** Stands for the kiosk that a run would take. */
const SOME_KIOSK = 'WIS00001';

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
    failure: scenarioUnusable(nameOrFile, mistakes),
  });
  if (!scenario) return unusable(read.mistakes);
  if (options.dataFile !== null) return examineRows({ ...read, scenario }, options.dataFile, options);
  const mistakes = inOrder(examineCard({ ...read, scenario }, options));
  return mistakes.length > 0 ? unusable(mistakes) : { scenario, mistakes, data: null, failure: null };
}

type Usable = ReadScenario & { scenario: Scenario };

/** One card, unless values are missing that a run would be given. */
function examineCard({ scenario, placeOf }: Usable, { values, environment }: Examining): Finding[] {
  const isComplete = scenario.variables.every(
    ({ name, required }) => Object.hasOwn(values, name) || (!required && name !== 'card'),
  );
  if (!isComplete) return [];
  const { mistakes } = planCard(scenario, {
    number: 1,
    runId: 'check',
    environment,
    kioskId: SOME_KIOSK,
    values,
  });
  return locate(mistakes, ({ path, at }) => placeOf(path, at));
}

async function examineRows(
  read: Usable,
  file: string,
  { values, environment }: Examining,
): Promise<Examined> {
  const { scenario, placeOf } = read;
  const { rows } = await readData(file);
  const mistakes: RowMistake[] = [];
  for (const [index, row] of rows.entries()) {
    const given = { number: index + 1, runId: 'check', environment, kioskId: SOME_KIOSK };
    const found = planCard(scenario, { ...given, values: { ...values, ...row.values } }).mistakes;
    for (const { path, at, message } of found) {
      const where = path[0] === 'variables' ? '' : ` (line ${placeOf(path, at).line} of the scenario)`;
      mistakes.push({ line: row.line, message: `${message}${where}` });
    }
    if (mistakes.length >= MOST_MISTAKES) break;
  }
  return {
    scenario,
    mistakes: [],
    data: { file, rows: rows.length, mistakes: mistakes.slice(0, MOST_MISTAKES) },
    failure: mistakes[0] ? rowUnusable(file, mistakes[0], mistakes.length - 1) : null,
  };
}

function rowUnusable(file: string, { line, message }: RowMistake, others: number): Failure {
  const more = others > 0 ? ` (and ${counted(others, 'more mistake')})` : '';
  const what = describe({ path: '', message });
  return new Failure('invalid-input', asSentence(`${printable(file)}, line ${line}: ${what}${more}`), {
    hint: 'Correct the row, and check again.',
  });
}
