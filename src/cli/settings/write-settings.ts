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

/** Computes the new settings from the old ones. If it throws, nothing is written. */
export type SettingsChange = (file: SettingsFile) => SettingsFile;

export interface Written {
  before: SettingsFile;
  after: SettingsFile;
  changed: boolean;
}

/** Maximum wait for another process, in milliseconds. Writing takes far less. */
const PATIENCE_MS = 10_000;

/**
 * Changes the settings file: reads, changes and writes it under one lock, because the conf library has no locking. The
 * lock ends with its process. An unchanged file is not written.
 * @throws UnusableSettings for an unreadable file, which is not changed; Failure `settings-unusable` if it can't be
 * written
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
 * Removes invalid fields from the settings file. Everything else remains, including other invalid fields.
 * @throws UnusableSettings if the change removes no invalid field
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

/**
 * Runs work while no other process changes the settings file.
 * @param work receives the function that writes the file
 */
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
      // conf would read the file again, and does not support a byte order mark.
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
