import os from 'node:os';
import { isAbsolute, join } from 'node:path';

// Every question to the system about the user and the machine is asked here: each of them may fail, for example for a
// user without an entry in the list of users (`docker run --user 54321`), or in a folder that was removed.

/** Returns the name of the user; without one the id, like `uid 54321`. */
export function userName(): string {
  const uid = process.getuid?.();
  return answered(() => os.userInfo().username) ?? (uid === undefined ? 'unknown' : `uid ${uid}`);
}

/**
 * Finds the home folder of the user: that of the environment, otherwise that of the list of users.
 * @returns an absolute path; null if there is none
 */
export function homeFolder(env: NodeJS.ProcessEnv): string | null {
  const named = process.platform === 'win32' ? env.USERPROFILE : env.HOME;
  return absolute(named) ?? absolute(answered(() => os.userInfo().homedir));
}

/** Returns the name of the machine; null if it has none. */
export function hostName(): string | null {
  return answered(() => os.hostname()) || null;
}

/** Returns the working folder; null if it was removed. */
export function workingFolder(): string | null {
  return answered(() => process.cwd());
}

/** Returns the path from the root, with no `.` or `..`; a relative one stays relative where there is no working folder. */
export function fromRoot(path: string): string {
  return isAbsolute(path) ? join(path) : join(workingFolder() ?? '', path);
}

/** Returns a path only if it is absolute: an empty or relative one in the environment counts as unset. */
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
