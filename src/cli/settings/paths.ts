import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';

export interface Paths {
  settings: string;
  /** Of those who log in where there is no keyring. */
  credentials: string;
  journal: string;
  sandboxState: string;
}

/**
 * Where kioskctl keeps its files: under `KIOSKCTL_HOME` if that is set, else in the folders of the system (XDG on Linux).
 * The folder of the compile cache is chosen the same way in `bin/run.js`.
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

/** Where GitHub Actions runs this command, and where it takes a summary of the step; null elsewhere. */
export function githubActions(): { summaryFile: string | null } | null {
  const { GITHUB_ACTIONS, GITHUB_STEP_SUMMARY } = process.env;
  return GITHUB_ACTIONS === 'true' ? { summaryFile: GITHUB_STEP_SUMMARY || null } : null;
}
