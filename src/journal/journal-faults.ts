import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { toShell } from '../domain/next-command.ts';

/**
 * Creates the failure for an unusable journal.
 * @param reason continues “The journal FILE …”
 * @param fix sentence without a full stop; null if there is no known fix
 */
export function unusable(file: string, reason: string, fix: string | null = null): Failure {
  const repair = fix ?? `Unlock or repair the file, or ${RESTORE}`;
  return failure(
    'journal-unusable',
    `The journal ${file} ${reason}.`,
    `Nothing is sent without the journal. ${repair}. ${OTHER_JOURNAL}`,
  );
}

const RESTORE = 'restore a backup: kioskctl journal restore <FILE>';

/** Warning in every hint that suggests another journal. */
export const OTHER_JOURNAL =
  'With another journal, nothing prevents a card of this journal from being sent twice.';

/** Checks that the folder of a file exists. @throws Failure `journal-unusable` */
export function assertFolder(file: string): void {
  const folder = dirname(file);
  if (existsSync(folder)) return;
  throw failure(
    'journal-unusable',
    `The folder ${folder} of the journal does not exist.`,
    `Mount it, or create it: mkdir -m 700 -p '${folder}'`,
  );
}

/** Advice for replaced journals. Old versions don't store the data that the check for a replaced file needs. */
const OLDER_VERSION = 'If an older version of kioskctl is running, stop it first.';

/** Creates the failure for a journal that was replaced by another file. */
export function replacedJournal(file: string, reason: string): Failure {
  return failure(
    'journal-replaced',
    `The journal ${file} ${reason}.`,
    `Nothing more is sent. Put the right journal in place while no kioskctl is running, then run the command again. ${OLDER_VERSION} If the journal is lost, ${RESTORE}. ${OTHER_JOURNAL}`,
  );
}

export function journalInUse(path: string): Failure {
  return failure(
    'journal-in-use',
    `The journal ${path} is in use by another process.`,
    'Stop every kioskctl that uses it, then run the command again.',
  );
}

/** Creates the failure for a journal whose records were moved to another journal. */
export function movedJournal(
  file: string,
  { name, isComplete }: { name: string; isComplete: boolean },
): Failure {
  if (isComplete)
    return failure(
      'journal-moved',
      `The journal ${file} was moved to ${name}.`,
      `Use that one: ${useCommand(name)}`,
    );
  return failure(
    'journal-moved',
    `The journal ${file} is being moved to ${name}, or its move was interrupted.`,
    `Complete it with that journal: ${toShell(['kioskctl', 'journal', 'move', '--from', file])}`,
  );
}

/** Returns the command that makes a context use a journal. */
export function useCommand(name: string): string {
  return toShell(['kioskctl', 'context', 'set', 'journal', name]);
}

export function onNetwork(file: string, type: string): Failure {
  return failure(
    'journal-unusable',
    `The journal ${file} would be on a network file system (${type}), where its locks do not work.`,
    'Use a folder on a local disk. For several machines, use a journal in PostgreSQL.',
  );
}
