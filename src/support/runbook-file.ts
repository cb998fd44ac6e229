import type { Files } from '../context/files.ts';
import { asFailure, type Failure, failure } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import { moreCareful, NO_RUNBOOK, type Runbook, type RunbookSource } from '../domain/runbook.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { asSentence } from '../domain/text/words.ts';
import { firstOf, inOrder, type LocatedDiagnostic, locate } from '../input/diagnostic.ts';
import { parseYaml, YAML_LIMIT_BYTES } from '../input/yaml-file.ts';
import { checkRunbook } from './check-runbook.ts';

interface ReadRunbook {
  runbook: Runbook;
  mistakes: LocatedDiagnostic[];
  warnings: LocatedDiagnostic[];
}

/**
 * Reads a YAML runbook file.
 * @returns the runbook and at most 100 mistakes by line; with mistakes, the runbook must not be used
 * @throws Failure `invalid-input` for an unreadable file
 */
export async function readRunbook(file: string, files: Files): Promise<ReadRunbook> {
  const { content, mistakes, placeOf } = await parseYaml(
    files.readText(file, { limit: YAML_LIMIT_BYTES, what: 'runbook' }),
  );
  if (content === undefined) return { runbook: NO_RUNBOOK, mistakes: inOrder(mistakes), warnings: [] };
  const { runbook, ...found } = checkRunbook(content);
  return {
    runbook,
    mistakes: inOrder([...mistakes, ...locate(found.mistakes, placeOf)]),
    warnings: inOrder(locate(found.warnings, placeOf)),
  };
}

/** Creates the failure for a runbook with mistakes; its message shows the first one. */
export function runbookUnusable(file: string, mistakes: readonly LocatedDiagnostic[]): Failure {
  return failure(
    'invalid-input',
    asSentence(`The runbook ${printable(file)} can't be used: ${firstOf(mistakes)}`),
    `See all that is wrong with it: ${commandLine(['runbook', 'check', file], { flags: [] })}`,
  );
}

interface RunbookChoice {
  /** The file from a flag. */
  given?: string | undefined;
  /** The runbook of the context. */
  configured: RunbookSource | null;
  files: Files;
  warn: (text: string) => void;
}

/** Returns the file of the context's runbook. @throws Failure `usage` if the context has none */
export function requireRunbook(configured: RunbookSource | null): string {
  if (configured) return configured.file;
  throw failure(
    'usage',
    'The context has no runbook.',
    'Pass a file, like kioskctl runbook check runbook.yaml. Create one with kioskctl runbook init.',
  );
}

/**
 * Returns a function that reads the runbook once. If the context's runbook is unusable, it warns once, and commands use
 * only the catalogue.
 */
export function openRunbook({ given, configured, files, warn }: RunbookChoice): () => Promise<Runbook> {
  let runbook: Promise<Runbook> | undefined;
  return async () => (runbook ??= load());

  async function load(): Promise<Runbook> {
    if (given !== undefined) return readOrFail(given, files);
    if (!configured) return NO_RUNBOOK;
    try {
      const runbook = await readOrFail(configured.file, files);
      return configured.isFromProject ? ofProject(runbook) : runbook;
    } catch (error) {
      const { message, hint } = asFailure(error);
      warn(`${message} Only the catalogue is used. ${hint}`);
      return NO_RUNBOOK;
    }
  }

  function ofProject(read: Runbook): Runbook {
    const { runbook, ignored } = moreCareful(read);
    const codes = [...new Set(ignored.map(({ code }) => printable(code)))].join(', ');
    if (codes !== '')
      warn(
        `The runbook of a project can't remove the need for a fix: its “retry: now” is ignored (${codes}).`,
      );
    return runbook;
  }
}

async function readOrFail(file: string, files: Files): Promise<Runbook> {
  const { runbook, mistakes } = await readRunbook(file, files);
  if (mistakes.length > 0) throw runbookUnusable(file, mistakes);
  return runbook;
}
