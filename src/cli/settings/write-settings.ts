import { existsSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../../domain/failure.ts';
import { Database } from '../../sqlite/database.ts';
import { readSettingsFile, SETTINGS_VERSION, type SettingsFile, UnusableSettings } from './settings-file.ts';

/** Makes the new settings out of the old ones; what it throws leaves them as they are. */
export type SettingsChange = (file: SettingsFile) => SettingsFile;

export interface Written {
  before: SettingsFile;
  after: SettingsFile;
  changed: boolean;
  /** Where a damaged file was put, so that nothing in it is lost. */
  setAside: string | null;
}

/** Others write for milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * Changes the settings file, alone among all processes: it is read, changed and written whole under one lock, which
 * ends with its process (the library that writes it whole knows of no other process). What changes nothing is not written.
 * @throws UnusableSettings for one that may not be touched; Failure `settings-unusable` where nothing can be written
 */
export async function changeSettings(file: string, change: SettingsChange): Promise<Written> {
  const { Conf } = await import('./conf.ts');
  return alone(file, () => {
    const { before, damage } = readOrDamage(file);
    const after = changeOr(damage, () => change(before));
    const changed = JSON.stringify(after) !== JSON.stringify(before);
    if (!changed) return { before, after, changed, setAside: null };
    const setAside = damage && moveAside(file);
    const options = { cwd: dirname(file), configName: basename(file, '.json'), configFileMode: 0o600 };
    new Conf<SettingsFile>({ ...options, serialize }).store = after;
    return { before, after, changed, setAside };
  });
}

function serialize(settings: SettingsFile): string {
  return `${JSON.stringify(settings, null, 2)}\n`;
}

/** A lock of SQLite ends with its process, however that ends; one that is a file would have to be found stale first. */
function alone<Result>(file: string, work: () => Result): Result {
  const fault = (why: string) => unwritable(file, `its lock ${why}`);
  const lock = new Database({
    file: join(dirname(file), 'config.lock'),
    migrations: [],
    durability: 'normal',
    patience: PATIENCE_MS,
    fault,
  });
  try {
    return lock.transaction(work);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error && 'code' in error)
      throw unwritable(file, String(error.code));
    throw error;
  } finally {
    lock.close();
  }
}

/** The settings, or those of a new file in place of a damaged one. @throws UnusableSettings for one that may not be touched */
export function readOrDamage(file: string): { before: SettingsFile; damage: UnusableSettings | null } {
  try {
    return { before: readSettingsFile(file), damage: null };
  } catch (error) {
    if (!(error instanceof UnusableSettings) || !error.isDamaged) throw error;
    return { before: { version: SETTINGS_VERSION, contexts: {} }, damage: error };
  }
}

/** A change that needs what can't be read fails because of that. */
function changeOr(damage: UnusableSettings | null, change: () => SettingsFile): SettingsFile {
  try {
    return change();
  } catch (error) {
    throw damage ?? error;
  }
}

function moveAside(file: string): string | null {
  if (!existsSync(file)) return null;
  const aside = `${file}.corrupt-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  renameSync(file, aside);
  return aside;
}

function unwritable(file: string, why: string): Failure {
  return new Failure('settings-unusable', `The settings file ${file} can't be written: ${why}.`, {
    hint: 'Make its folder writable, or set KIOSKCTL_HOME to one that is.',
  });
}
