import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { describe } from '../input/diagnostic.ts';
import type { Style } from '../output/style.ts';
import type { Examined } from './examine.ts';
import type { Scenario, Variable } from './scenario.ts';

/** Converts a scenario to its JSON form. */
export function toScenarioDocument(scenario: Scenario): Record<string, unknown> {
  const { name, description, needsControl, stepCount, variables } = scenario;
  return {
    name,
    description,
    needsSandbox: needsControl,
    steps: stepCount,
    variables: variables.map(toDocument),
  };
}

function toDocument({
  name,
  description,
  required,
  default: value,
  local,
}: Variable): Record<string, unknown> {
  return { name, description, required, default: value, ...(local !== undefined && { local }) };
}

/** Renders the result of `scenario check`: one line per mistake, in the format of compilers (`FILE:LINE:COLUMN`). */
export function renderExamined(file: string, examined: Examined, style: Style): string {
  const { scenario, mistakes, data, toGive } = examined;
  const mark = style.bad('mistake:');
  const found = [
    ...mistakes.map((one) => `${printable(file)}:${one.line}:${one.column}: ${mark} ${describe(one)}\n`),
    ...(data?.mistakes ?? []).map(
      ({ line, message }) => `${printable(data?.file ?? '')}:${line}: ${mark} ${printable(message)}\n`,
    ),
  ];
  if (found.length > 0 || !scenario)
    return [...found, `${style.bad('✗')} ${counted(found.length, 'mistake')}: it can't be run.\n`].join('');
  const rows = data === null ? '' : `, ${counted(data.rows, 'row')}`;
  const needed = toGive.length > 0 ? ` Required: ${toGive.join(', ')}.` : '';
  return `${style.good('✓')} ${printable(file)}: ${stepsOf(examined)} a card${rows}.${needed}\n`;
}

function stepsOf({ steps: { least, most } }: Examined): string {
  return least === most ? counted(most, 'step') : `${least} to ${counted(most, 'step')}`;
}
