import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Failure, failure } from '../domain/errors/failure.ts';

/**
 * Makes the error for a journal that can't be used.
 * @param reason continues “The journal FILE …”
 * @param fix a sentence without its full stop, where the cause has one
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

/** Every hint that leads to another journal says so. */
export const OTHER_JOURNAL =
  'With another journal, nothing prevents a card of this journal from being sent twice.';

/** @throws Failure `journal-unusable` if the folder of a file does not exist */
export function assertFolder(file: string): void {
  const folder = dirname(file);
  if (existsSync(folder)) return;
  throw failure(
    'journal-unusable',
    `The folder ${folder} of the journal does not exist.`,
    `Mount it, or create it: mkdir -m 700 -p '${folder}'`,
  );
}

/** A version of before the check for a replaced file writes to it without the record that the check needs. */
const OLDER_VERSION = 'If an older version of kioskctl is running, stop it first.';

/** Makes the error for a file that took the place of the journal. */
export function replacedJournal(file: string, reason: string): Failure {
  return failure(
    'journal-replaced',
    `The journal ${file} ${reason}.`,
    `Nothing more is sent. Put the right journal in place while no kioskctl is running, then run the command again. ${OLDER_VERSION} If the journal is lost, ${RESTORE}. ${OTHER_JOURNAL}`,
  );
}

export function onNetwork(file: string, type: string): Failure {
  return failure(
    'journal-unusable',
    `The journal ${file} would be on a network file system (${type}), where its locks do not work.`,
    'Use a folder on a local disk. For several machines, use a journal in PostgreSQL.',
  );
}
