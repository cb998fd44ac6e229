import os from 'node:os';
import { isAbsolute, join } from 'node:path';

// Queries about the user and the machine. Each may fail, for example for a user without an entry in /etc/passwd
// (`docker run --user 54321`), or in a deleted working folder.

/** Returns the name of the user; if unavailable, the id: `uid 54321`. */
export function userName(): string {
  const uid = process.getuid?.();
  return answered(() => os.userInfo().username) ?? (uid === undefined ? 'unknown' : `uid ${uid}`);
}

/**
 * Returns the home folder of the user: from the environment, otherwise from the user database.
 * @returns an absolute path; null if there is none
 */
export function homeFolder(env: NodeJS.ProcessEnv): string | null {
  const named = process.platform === 'win32' ? env.USERPROFILE : env.HOME;
  return absolute(named) ?? absolute(answered(() => os.userInfo().homedir));
}

/** Returns the host name; null if it is empty. */
export function hostName(): string | null {
  return answered(() => os.hostname()) || null;
}

/** Returns the working folder; null if it was deleted. */
export function workingFolder(): string | null {
  return answered(() => process.cwd());
}

/** Returns the absolute, normalized path. Without a working folder, a relative path stays relative. */
export function fromRoot(path: string): string {
  return isAbsolute(path) ? join(path) : join(workingFolder() ?? '', path);
}

/**
 * Returns a path if it is absolute; otherwise null, because empty and relative paths in environment variables count as
 * unset.
 */
export function absolute(path: string | null | undefined): string | null {
  return path && isAbsolute(path) ? path : null;
}

function answered(ask: () => string): string | null {
  try {
    return ask();
  } catch {
    return null;
  }
}
