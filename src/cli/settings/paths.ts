import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';

export interface Paths {
  settings: string;
  /** Logins on systems without a keyring. */
  credentials: string;
  journal: string;
  sandboxState: string;
}

/**
 * Finds the files of kioskctl: in `KIOSKCTL_HOME` if it is set, otherwise in the folders of the system (XDG on Linux).
 * `bin/run.js` finds the folder of the compile cache in the same way.
 */
export function findPaths(env: NodeJS.ProcessEnv = process.env): Paths {
  const home = env.KIOSKCTL_HOME;
  const { config, data } = home
    ? { config: resolve(home), data: resolve(home) }
    : envPaths('kioskctl', { suffix: '' });
  return {
    settings: join(config, 'config.json'),
    credentials: join(config, 'credentials.json'),
    journal: join(data, 'journal.db'),
    sandboxState: join(data, 'sandbox.db'),
  };
}

/** The reach of a hold: the journal that stores it, and its machine. */
export function reachOf({ journal }: Paths): { journal: string; host: string } {
  return { journal, host: hostname() };
}

/** Returns the file for a summary of the step, if GitHub Actions runs this command; null elsewhere. */
export function githubActions(): { summaryFile: string | null } | null {
  const { GITHUB_ACTIONS, GITHUB_STEP_SUMMARY } = process.env;
  return GITHUB_ACTIONS === 'true' ? { summaryFile: GITHUB_STEP_SUMMARY || null } : null;
}
