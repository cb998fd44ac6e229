import { existsSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { tryLock } from '../../database/lock.ts';
import { Failure } from '../../domain/errors/failure.ts';
import {
  type RawSettings,
  readRawSettings,
  readSettingsFile,
  SETTINGS_VERSION,
  type SettingsFile,
  UnusableSettings,
  usableOf,
} from './settings-file.ts';

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
    new Conf<SettingsFile>(optionsFor(file)).store = after;
    return { before, after, changed, setAside };
  });
}

/**
 * Takes bad fields out of the settings file; the rest of it, other bad fields included, stays as it is.
 * @throws UnusableSettings where the change takes no bad field out
 */
export async function mendSettings(file: string, mend: (raw: RawSettings) => RawSettings): Promise<Written> {
  const { Conf } = await import('./conf.ts');
  return alone(file, () => {
    const raw = readRawSettings(file);
    const mended = raw && mend(raw);
    const [before, after] = [raw && usableOf(raw), mended && usableOf(mended)];
    if (!mended || !before || !after || after.badFields >= before.badFields) {
      return {
        before: readSettingsFile(file),
        after: readSettingsFile(file),
        changed: false,
        setAside: null,
      };
    }
    new Conf<RawSettings>(optionsFor(file)).store = mended;
    return { before: before.settings, after: after.settings, changed: true, setAside: null };
  });
}

function optionsFor(file: string) {
  return { cwd: dirname(file), configName: basename(file, '.json'), configFileMode: 0o600, serialize };
}

function serialize(settings: RawSettings): string {
  return `${JSON.stringify(settings, null, 2)}\n`;
}

function alone<Result>(file: string, work: () => Result): Result {
  try {
    const release = tryLock(join(dirname(file), 'config.lock'), PATIENCE_MS);
    if (!release) throw unwritable(file, 'another process keeps it locked');
    try {
      return work();
    } finally {
      release();
    }
  } catch (error) {
    if (error instanceof Error && ('syscall' in error || 'errcode' in error) && 'code' in error)
      throw unwritable(file, String(error.code));
    throw error;
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
