import { Failure } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import { NO_RUNBOOK, type Runbook } from '../domain/runbook.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { asSentence } from '../input/diagnostic.ts';
import { type Finding, firstOf, inOrder, locate, parseYaml, readYamlText } from '../input/yaml-file.ts';
import { checkRunbook } from './check-runbook.ts';

export interface ReadRunbook {
  runbook: Runbook;
  mistakes: Finding[];
  warnings: Finding[];
}

/**
 * Reads a runbook file, which a team writes, in YAML.
 * @returns with its mistakes (at most 100), in the order of their lines; one that has any is not to be used
 * @throws Failure `invalid-input` for a file that can't be read at all
 */
export async function readRunbook(file: string): Promise<ReadRunbook> {
  const { content, mistakes, placeOf } = await parseYaml(readYamlText(file, 'runbook'));
  if (content === undefined) return { runbook: NO_RUNBOOK, mistakes: inOrder(mistakes), warnings: [] };
  const { runbook, ...found } = checkRunbook(content);
  return {
    runbook,
    mistakes: inOrder([...mistakes, ...locate(found.mistakes, placeOf)]),
    warnings: inOrder(locate(found.warnings, placeOf)),
  };
}

/** A runbook that is there but can't be used, with its first mistake. */
export function runbookUnusable(file: string, mistakes: readonly Finding[]): Failure {
  return new Failure(
    'invalid-input',
    asSentence(`The runbook ${printable(file)} can't be used: ${firstOf(mistakes)}`),
    {
      hint: `See all that is wrong with it: ${commandLine(['runbook', 'check', file], { flags: [] })}`,
    },
  );
}
