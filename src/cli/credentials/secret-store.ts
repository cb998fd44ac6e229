import { rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Entry } from '@napi-rs/keyring';
import * as v from 'valibot';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { explainFault, OTHER_HOME } from '../../machine/file-faults.ts';
import { NO_TEXT, readTextOr } from '../terminal/read-text.ts';
import { locked, type Waiting } from './file-lock.ts';

const content = v.object({ version: v.literal(1), accounts: v.record(v.string(), v.string()) });

/**
 * Opens the store for systems without a keyring: an unencrypted file that only its owner may read.
 * @param file path in kioskctl's own folder
 */
export function credentialFile(file: string, waiting: Waiting): Place {
  const late = () => busy(file);
  const change = (work: (accounts: Record<string, string>) => boolean) =>
    locked(file, { ...waiting, late }, async () => {
      const accounts = read(file);
      const isChanged = work(accounts);
      if (isChanged) await write(file, accounts);
      return isChanged;
    });
  return {
    name: `the file ${file}`,
    isPlain: true,
    read: (account) => read(file)[account] ?? null,
    write: (account, secret) =>
      change((accounts) => {
        accounts[account] = secret;
        return true;
      }),
    remove: async (account) =>
      (await change((accounts) => Object.hasOwn(accounts, account) && delete accounts[account]))
        ? 'removed'
        : 'absent',
  };
}

/** Maximum size of the file. The logins of many contexts need far less. */
const LIMIT_BYTES = 4 * 1024 * 1024;

function read(file: string): Record<string, string> {
  const text = readTextOr(file, { limit: LIMIT_BYTES }, ({ code, reason, fix }) => {
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw unusable(file, reason, code === NO_TEXT ? null : fix);
  });
  if (text === null) return {};
  const { mode } = statSync(file);
  // Windows has no file modes; there, the user's folder protects the file.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw readByOthers(file, mode);
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), content), text);
  if (!parsed.success) throw unusable(file, 'it was not written by kioskctl');
  return { ...parsed.output.accounts };
}

async function write(file: string, accounts: Record<string, string>): Promise<void> {
  if (Object.keys(accounts).length === 0) return rmSync(file, { force: true });
  const { default: writeFileAtomic } = await import('write-file-atomic');
  try {
    writeFileAtomic.sync(file, `${JSON.stringify({ version: 1, accounts })}\n`, { mode: 0o600 });
  } catch (error) {
    const { reason, fix } = explainFault(error, file, 'write');
    throw failure(
      'storage-unusable',
      `Credentials can't be stored in ${file}: ${reason}.`,
      `${fix ?? `Make sure that this user may write in ${dirname(file)}`}, or ${OTHER_HOME}.`,
    );
  }
}

function busy(file: string): Failure {
  return failure(
    'storage-unusable',
    `${file} is locked by another process.`,
    'Try again. Check for a suspended kioskctl process.',
  );
}

function readByOthers(file: string, mode: number): Failure {
  const text = (mode & 0o777).toString(8);
  return failure(
    'credentials-unusable',
    `The file ${file} can be read by other users (mode ${text}).`,
    `Other users may know its secrets. Run chmod 600 ${file}, then log in again.`,
  );
}

function unusable(file: string, why: string, fix: string | null = null): Failure {
  return failure(
    'credentials-unusable',
    `The file ${file} can't be used: ${why}.`,
    `${fix ?? 'Remove it, and log in again'}.`,
  );
}

/**
 * Opens the system keyring: Keychain (macOS), Credential Manager (Windows), Secret Service (Linux desktops). The store
 * is named explicitly: on Linux, the library would otherwise fall back to the kernel's keyring, which is lost at a
 * restart.
 * @param service name of the entries
 * @returns null if the native library is missing; a locked keyring fails at its first use
 */
export async function openKeyring(service: string): Promise<Place | null> {
  const keyring = await load();
  if (!keyring) return null;
  const entry = (account: string) =>
    new keyring.Entry(service, account, { linux: { store: 'secret-service' } });
  return {
    name: 'the keyring of this system',
    isPlain: false,
    read: (account) => orNull(() => entry(account).getPassword()),
    write: async (account, secret) =>
      orNull(() => {
        entry(account).setPassword(secret);
        return true;
      }) ?? false,
    remove: async (account) => {
      const isRemoved = orNull(() => entry(account).deletePassword());
      if (isRemoved === null) return 'unasked';
      return isRemoved ? 'removed' : 'absent';
    },
  };
}

async function load(): Promise<{ Entry: typeof Entry } | null> {
  try {
    return await import('@napi-rs/keyring');
  } catch {
    return null;
  }
}

/**
 * Returns the result of `ask`; null if the keyring is locked or missing. Drops the library's errors, because they may
 * contain secrets.
 */
function orNull<Value>(ask: () => Value): Value | null {
  try {
    return ask();
  } catch {
    return null;
  }
}

/** A store of secrets by account name. */
export interface Place {
  /** Name in messages. */
  name: string;
  /** True if the secrets are not encrypted on the disk. */
  isPlain: boolean;
  /** Returns a secret; null if there is none. @throws Failure `credentials-unusable` */
  read(account: string): string | null;
  /** Stores a secret. @returns false if the store is not writable */
  write(account: string, secret: string): Promise<boolean>;
  /** Removes a secret. @returns `unasked` if the store can't be read, so that a secret may remain */
  remove(account: string): Promise<'removed' | 'absent' | 'unasked'>;
}
