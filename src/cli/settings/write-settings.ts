import { basename, dirname, join } from 'node:path';
import { tryLock } from '../../database/lock.ts';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { explainFault, type FileFault, findObstacle } from '../../machine/file-faults.ts';
import {
  type RawSettings,
  readRawSettings,
  readSettingsFile,
  type SettingsFile,
  usableOf,
} from './settings-file.ts';

/** Makes new settings out of the old ones; if it throws, nothing is written. */
export type SettingsChange = (file: SettingsFile) => SettingsFile;

export interface Written {
  before: SettingsFile;
  after: SettingsFile;
  changed: boolean;
}

/** Other processes need only milliseconds to write. */
const PATIENCE_MS = 10_000;

/**
 * Changes the settings file. It is read, changed and written under one lock, which ends with its process: conf, which
 * writes the file, knows nothing of other processes. An unchanged file is not written.
 * @throws UnusableSettings for a file that can't be read, which stays as it is; Failure `settings-unusable` where nothing can be written
 */
export async function changeSettings(file: string, change: SettingsChange): Promise<Written> {
  return locked(file, (write) => {
    const before = readSettingsFile(file);
    const after = change(before);
    const changed = JSON.stringify(after) !== JSON.stringify(before);
    if (changed) write(after);
    return { before, after, changed };
  });
}

/**
 * Removes bad fields from the settings file; all else, even other bad fields, stays.
 * @throws UnusableSettings where the change removes no bad field
 */
export async function mendSettings(file: string, mend: (raw: RawSettings) => RawSettings): Promise<Written> {
  return locked(file, (write) => {
    const raw = readRawSettings(file);
    const mended = raw && mend(raw);
    const [before, after] = [raw && usableOf(raw), mended && usableOf(mended)];
    if (!mended || !before || !after || after.badFields >= before.badFields) {
      const settings = readSettingsFile(file);
      return { before: settings, after: settings, changed: false };
    }
    write(mended);
    return { before: before.settings, after: after.settings, changed: true };
  });
}

/** Runs work while no other process changes the settings file. @param work gets the function that writes the file */
async function locked<Result>(
  file: string,
  work: (write: (settings: RawSettings) => void) => Result,
): Promise<Result> {
  const { default: Conf } = await import('conf');
  const options = { cwd: dirname(file), configName: basename(file, '.json'), configFileMode: 0o600 };
  const write = (settings: RawSettings) => {
    const conf = new Conf<RawSettings>({
      ...options,
      serialize: (value) => `${JSON.stringify(value, null, 2)}\n`,
      // conf would read the file once more, and knows no byte order mark.
      deserialize: () => settings,
    });
    conf.store = settings;
  };
  try {
    const release = tryLock(lockOf(file), PATIENCE_MS);
    if (!release) throw unwritable(file, { reason: 'it is locked by another process', fix: null });
    try {
      return work(write);
    } finally {
      release();
    }
  } catch (error) {
    if (error instanceof Error && ('syscall' in error || 'errcode' in error) && 'code' in error) {
      const files = [file, lockOf(file)];
      throw unwritable(file, findObstacle(files, 'write') ?? explainFault(error, files, 'write'));
    }
    throw error;
  }
}

function lockOf(file: string): string {
  return join(dirname(file), 'config.lock');
}

function unwritable(file: string, { reason, fix }: Pick<FileFault, 'reason' | 'fix'>): Failure {
  return failure(
    'settings-unusable',
    `The settings file ${file} can't be written: ${reason}.`,
    `${fix ?? 'Make its folder writable'}, or set KIOSKCTL_HOME to one that is.`,
  );
}
