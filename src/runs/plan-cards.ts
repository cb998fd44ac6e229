import { type Failure, failure } from '../domain/errors/failure.ts';
import { parseCardName } from '../domain/ids.ts';
import type { NewRun } from '../domain/run.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { asSentence } from '../domain/text/words.ts';
import { type Diagnostic } from '../input/diagnostic.ts';
import type { ReadData } from '../scenarios/data-file.ts';
import { planCard } from '../scenarios/plan-card.ts';
import type { Values } from '../scenarios/scenario.ts';
import type { UsableScenario } from '../scenarios/scenario-file.ts';
import type { Step } from '../scenarios/steps/step.ts';
import { flagOf } from '../scenarios/variables.ts';
import type { Plan } from './run.ts';

/** Input for planning the steps of a run. */
interface Planning {
  read: UsableScenario;
  data: ReadData | null;
  run: NewRun;
  values: Values;
}

/**
 * Plans the steps of all cards, to find every mistake before anything is sent. The plans are discarded, because
 * thousands would need much memory; each is made again when its card starts.
 * @throws Failure `input-required`, `invalid-input` for the first mistake
 */
export function planCards({ run, read, data, values }: Planning): Plan {
  const lines = new Map<string, number>();
  const lineOf = (path: Step['path']) => {
    const name = path.join('.');
    const line = lines.get(name) ?? read.placeOf(path).line;
    lines.set(name, line);
    return line;
  };
  const plan = (number: number) => {
    const row = data?.rows[number - 1] ?? null;
    const kioskId = run.kiosks[(number - 1) % Math.max(run.kiosks.length, 1)] ?? null;
    const given = { number, runId: run.id, environment: run.environment, kioskId };
    const planned = planCard(read.scenario, { ...given, values: { ...values, ...row?.values } });
    return { number, row: row?.line ?? null, ...planned };
  };
  for (let number = 1; number <= run.cards; number += 1) {
    const { mistakes, row } = plan(number);
    const [mistake] = mistakes;
    if (!mistake) continue;
    const flag = flagOf(mistake, values, data?.rows[number - 1]?.values ?? {});
    throw cardUnusable(run, read, { mistake, row, flag });
  }
  return (number) => {
    const { steps, card, kioskId, row } = plan(number);
    const placed = steps.map((step) => ({ ...step, line: lineOf(step.path) }));
    return { number, row, kioskId, card: card === null ? null : parseCardName(card), steps: placed };
  };
}

function cardUnusable(
  run: NewRun,
  read: UsableScenario,
  { mistake, row, flag }: { mistake: Diagnostic; row: number | null; flag: string | null },
): Failure {
  const isGiven = mistake.path[0] === 'variables';
  const { line, column } = read.placeOf(mistake.path, mistake.at);
  const place = isGiven ? '' : `line ${line}, column ${column} of the scenario: `;
  const what = `${place}${mistake.message}`;
  if (row === null || flag !== null) {
    return failure(
      isGiven ? 'input-required' : 'invalid-input',
      asSentence(`${flag ?? run.scenario}: ${what}`),
      'Nothing was sent. Correct the scenario or the flags, then run it again.',
    );
  }
  return failure(
    'invalid-input',
    asSentence(`${printable(run.data?.path ?? '')}, line ${row}: ${what}`),
    'Nothing was sent. Correct the row, then run it again.',
  );
}
