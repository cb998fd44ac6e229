import { isAbsolute, join } from 'node:path';
import type { Environment } from '../../context/context.ts';
import { failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { absolute, homeFolder, hostName } from '../../machine/system.ts';
import { isJournalUrl, isRemote, parseJournalUrl } from '../../postgres/journal-url.ts';
import { toJournalPlace } from './setting-values.ts';
import { byDefault, type Found, type Sources } from './sources.ts';

export interface Paths {
  settings: string;
  /** The logins, on systems without a keyring. */
  credentials: string;
  journal: string;
  sandboxState: string;
}

/**
 * Returns the paths of kioskctl's files: below `KIOSKCTL_HOME` if set, otherwise in the system's folders (XDG on
 * Linux).
 * @throws Failure `usage` for a relative `KIOSKCTL_HOME`, or if the user has no home folder
 */
export function findPaths(env: NodeJS.ProcessEnv = process.env): Paths {
  const { config, data } = foldersOf(env);
  return {
    settings: join(config, 'config.json'),
    credentials: join(config, 'credentials.json'),
    journal: join(data, 'journal.db'),
    sandboxState: join(data, 'sandbox.db'),
  };
}

interface Folders {
  config: string;
  data: string;
}

function foldersOf(env: NodeJS.ProcessEnv): Folders {
  const own = env.KIOSKCTL_HOME;
  if (!own) return systemFolders(env);
  if (isAbsolute(own)) return { config: join(own), data: join(own) };
  throw failure(
    'usage',
    `KIOSKCTL_HOME is not an absolute path: ${printable(own)}.`,
    'With a relative path, each working folder would have its own journal. Use an absolute path.',
  );
}

function systemFolders(env: NodeJS.ProcessEnv): Folders {
  const inHome = (...names: string[]) => join(homeFolder(env) ?? noHome(), ...names);
  if (process.platform === 'darwin') {
    return {
      config: inHome('Library', 'Preferences', 'kioskctl'),
      data: inHome('Library', 'Application Support', 'kioskctl'),
    };
  }
  if (process.platform === 'win32') {
    return {
      config: join(absolute(env.APPDATA) ?? inHome('AppData', 'Roaming'), 'kioskctl', 'Config'),
      data: join(absolute(env.LOCALAPPDATA) ?? inHome('AppData', 'Local'), 'kioskctl', 'Data'),
    };
  }
  return {
    config: join(absolute(env.XDG_CONFIG_HOME) ?? inHome('.config'), 'kioskctl'),
    data: join(absolute(env.XDG_DATA_HOME) ?? inHome('.local', 'share'), 'kioskctl'),
  };
}

/** Returns the folder for compiled code; null if the user has none, or has disabled it by the variable of Node. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string | null {
  if (env.NODE_DISABLE_COMPILE_CACHE) return null;
  const moved = absolute(env.NODE_COMPILE_CACHE);
  if (moved !== null) return join(moved, 'kioskctl');
  if (env.KIOSKCTL_HOME) return below(absolute(env.KIOSKCTL_HOME), 'compile-cache');
  const caches = absolute(env.XDG_CACHE_HOME) ?? below(homeFolder(env), '.cache');
  return below(caches, 'kioskctl', 'compile-cache');
}

function below(parent: string | null, ...names: string[]): string | null {
  return parent && join(parent, ...names);
}

function noHome(): never {
  throw failure(
    'usage',
    'This user has no home folder, and KIOSKCTL_HOME is not set.',
    'Set KIOSKCTL_HOME to a permanent folder that this user can write. It holds the journal.',
  );
}

/** Returns the scope of a hold: the journal that stores it, and the machine of a file; null for a journal on a server. */
export function reachOf({ journal }: Paths): { journal: string; host: string | null } {
  return { journal, host: isJournalUrl(journal) ? null : (hostName() ?? 'unknown') };
}

/** Returns the file for the step summary on GitHub Actions; null elsewhere. */
export function githubActions(): { summaryFile: string | null } | null {
  const { GITHUB_ACTIONS, GITHUB_STEP_SUMMARY } = process.env;
  return GITHUB_ACTIONS === 'true' ? { summaryFile: GITHUB_STEP_SUMMARY || null } : null;
}

const JOURNAL_VARIABLE = 'KIOSKCTL_JOURNAL';

/**
 * Returns the journal of a command; null for the default file. `local` always uses the default file.
 * @throws Failure `usage` in production, for a journal on another machine without TLS, and if a variable contradicts
 * the context (with another journal, a card could be sent twice)
 */
export function findJournal(
  sources: Sources,
  { environment, stored }: { environment: Environment; stored: Found<string> | undefined },
): Found<string | null> {
  if (environment === 'local') return byDefault(null);
  const found = chooseJournal(sources, { environment, stored });
  if (environment === 'production' && found.value !== null) assertEncrypted(found.value);
  return found;
}

/**
 * Requires TLS for a journal on another machine in production, so that nobody can read or change its records.
 * @throws Failure `usage`
 */
function assertEncrypted(place: string): void {
  if (!isJournalUrl(place)) return;
  const url = parseJournalUrl(place);
  if (url.usesTls || !isRemote(url)) return;
  throw failure(
    'usage',
    `The connection to the journal ${url.name} would not be encrypted.`,
    'Remove sslmode=disable from its URL: production needs TLS.',
  );
}

function chooseJournal(
  sources: Sources,
  { environment, stored }: { environment: Environment; stored: Found<string> | undefined },
): Found<string | null> {
  const set = sources.find({ variable: JOURNAL_VARIABLE }, toJournalPlace);
  if (!stored) return set ?? byDefault(null);
  const own = { ...stored, value: toJournalPlace(stored.value) };
  if (environment !== 'production' || !set || set.value === own.value) return set ?? own;
  throw failure(
    'usage',
    `${JOURNAL_VARIABLE} is ${printable(set.value)}, but the journal of context ${printable(own.origin.from ?? '')} is ${printable(own.value)}.`,
    `Unset ${JOURNAL_VARIABLE}, or change the context: kioskctl context set journal <FILE>. With another journal, nothing prevents a card from being sent twice.`,
  );
}
