import { existsSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { chown, isInOwnFolder, OTHER_HOME, type OtherUser, octal, quoted } from './file-faults.ts';

/** Sticky bit of a folder: users can't replace files of other users. */
const STICKY = 0o1000;

/** True for a file or folder of this user, and for none that all users share, like the folder for temporary files. */
export function isOwn({ uid, mode }: Pick<Stats, 'uid' | 'mode'>): boolean {
  return uid === process.getuid?.() && (mode & STICKY) === 0;
}

const ASK_TO_RESTRICT = `Ask the administrator to restrict it, or ${OTHER_HOME}`;

/**
 * Finds another user who can modify or replace a file.
 * @returns the user and the advice that prevents it; null if there is none, if the file is missing, and on Windows (no
 * modes)
 */
export function findOtherWriter(file: string): OtherUser | null {
  const own = process.getuid?.();
  if (own === undefined) return null;
  for (const path of [file, dirname(file)]) {
    if (!existsSync(path)) return null;
    const { uid, mode } = statSync(path);
    if (uid !== own && uid !== 0) {
      const fix = isInOwnFolder(path, own) ? chown(path, own).fix : ASK_TO_RESTRICT;
      return { reason: `${path} belongs to another user (uid ${uid})`, fix };
    }
    if ((mode & 0o022) !== 0 && (mode & STICKY) === 0) {
      const fix = uid === own ? `Run chmod go-w ${quoted(path)}` : ASK_TO_RESTRICT;
      return { reason: `${path} has mode ${octal(mode)}`, fix };
    }
  }
  return null;
}
