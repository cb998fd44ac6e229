import { dirname, resolve } from 'node:path';
import { asFailure, Failure } from '../domain/failure.ts';
import { NO_RUNBOOK, type Runbook } from '../domain/runbook.ts';
import { readRunbook, runbookUnusable } from './input/runbook-file.ts';
import type { Settings } from './settings/settings.ts';

interface RunbookChoice {
  /** The file that a flag names in this very command. */
  given?: string | undefined;
  settings: Pick<Settings, 'runbook' | 'paths'> | null;
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
      return await readOrFail(file);
    } catch (error) {
      const { message, hint } = asFailure(error);
      warn(`${message} Only the catalogue is used. ${hint}`);
      return NO_RUNBOOK;
    }
  }
}

async function readOrFail(file: string): Promise<Runbook> {
  const { runbook, mistakes } = await readRunbook(file);
  if (mistakes.length > 0) throw runbookUnusable(file, mistakes);
  return runbook;
}
