import { join, resolve } from 'node:path';
import envPaths from 'env-paths';

export interface Paths {
  settings: string;
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
    journal: join(data, 'journal.db'),
    sandboxState: join(data, 'sandbox.db'),
  };
}
