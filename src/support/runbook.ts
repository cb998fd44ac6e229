import { dirname, resolve } from 'node:path';
import type { Settings } from '../cli/settings/settings.ts';
import { asFailure, Failure } from '../domain/errors/failure.ts';
import { moreCareful, NO_RUNBOOK, type Runbook } from '../domain/runbook.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { readRunbook, runbookUnusable } from './runbook-file.ts';

interface RunbookChoice {
  /** The file that a flag names in this very command. */
  given?: string | undefined;
  settings: Pick<Settings, 'runbook' | 'origins' | 'paths'> | null;
  warn: (text: string) => void;
}

/** The file of the context's runbook; a relative path starts at the folder of the settings. */
export function runbookOf({ runbook, paths }: Pick<Settings, 'runbook' | 'paths'>): string | null {
  return runbook === null ? null : resolve(dirname(paths.settings), runbook);
}

/** @throws Failure `usage` for a context that names none */
export function requireRunbook(settings: Settings | null): string {
  const file = settings && runbookOf(settings);
  if (file) return file;
  throw new Failure('usage', 'The context names no runbook.', {
    hint: 'Name the file, like kioskctl runbook check runbook.yaml. kioskctl runbook init writes one.',
  });
}

/**
 * Makes the reader of the team's runbook, which reads it once. The context's, when it can't be used, keeps no command
 * from working: that is said once, and the catalogue stands alone.
 */
export function openRunbook({ given, settings, warn }: RunbookChoice): () => Promise<Runbook> {
  let runbook: Promise<Runbook> | undefined;
  return async () => (runbook ??= load());

  async function load(): Promise<Runbook> {
    if (given !== undefined) return readOrFail(given);
    const file = settings && runbookOf(settings);
    if (!file) return NO_RUNBOOK;
    try {
      const runbook = await readOrFail(file);
      return settings?.origins.runbook.source === 'project-file' ? ofProject(runbook) : runbook;
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
        `A project's runbook can't say that something needs no fix: its “retry: now” is not heard (${codes}).`,
      );
    return runbook;
  }
}

async function readOrFail(file: string): Promise<Runbook> {
  const { runbook, mistakes } = await readRunbook(file);
  if (mistakes.length > 0) throw runbookUnusable(file, mistakes);
  return runbook;
}
