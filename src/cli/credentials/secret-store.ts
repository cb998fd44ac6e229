import { readFileSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Entry } from '@napi-rs/keyring';
import * as v from 'valibot';
import { Failure, systemCode } from '../../domain/errors/failure.ts';
import { locked, type Waiting } from './file-lock.ts';

const content = v.object({ version: v.literal(1), accounts: v.record(v.string(), v.string()) });

/**
 * A file that only its owner may read: where there is no keyring. Nothing in it is encrypted.
 * @param file in a folder of kioskctl's own
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

function read(file: string): Record<string, string> {
  try {
    const { mode } = statSync(file);
    // Windows has no such modes; there the folder is the user's own.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw readByOthers(file, mode);
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), content), readFileSync(file, 'utf8'));
    if (!parsed.success) throw unusable(file, 'kioskctl did not write it so');
    return { ...parsed.output.accounts };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const code = systemCode(error, 'unreadable');
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw unusable(file, code);
  }
}

async function write(file: string, accounts: Record<string, string>): Promise<void> {
  if (Object.keys(accounts).length === 0) return rmSync(file, { force: true });
  const { writeFileAtomic } = await import('./write-file-atomic.ts');
  try {
    writeFileAtomic(file, `${JSON.stringify({ version: 1, accounts })}\n`, { mode: 0o600 });
  } catch (error) {
    const code = systemCode(error, 'unwritable');
    throw new Failure('storage-unusable', `Credentials can't be kept in ${file} (${code}).`, {
      hint: `Make sure that this user may write in ${dirname(file)}, or set KIOSKCTL_HOME to another folder.`,
    });
  }
}

/** Without the lock, what another process writes meanwhile would be lost. */
function busy(file: string): Failure {
  return new Failure('storage-unusable', `Another process keeps ${file} locked.`, {
    hint: 'Try again; look for a kioskctl that stands still.',
  });
}

function readByOthers(file: string, mode: number): Failure {
  const text = (mode & 0o777).toString(8);
  return new Failure('credentials-unusable', `The file ${file} may be read by others (mode ${text}).`, {
    hint: `Whoever could read it has its secrets: log in again, after chmod 600 ${file}`,
  });
}

function unusable(file: string, why: string): Failure {
  return new Failure('credentials-unusable', `The file ${file} can't be used: ${why}.`, {
    hint: 'Remove it, and log in again.',
  });
}

/**
 * The keyring of the system: the Keychain of macOS, the Credential Manager of Windows, the Secret Service of a Linux
 * desktop. The library is native and may not be there; on Linux it would fall back to the kernel's keyring, which forgets
 * everything at a restart, so its store is named.
 * @param service under which its entries stand
 * @returns null where the library is not there; what is locked says so when it is asked
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

/** Locked, or not there: then the next place is asked. What is only absent is no error. The library's errors may hold what was stored. */
function orNull<Value>(ask: () => Value): Value | null {
  try {
    return ask();
  } catch {
    return null;
  }
}

/** Where secrets are stored under the names of accounts. */
export interface Place {
  /** In words. */
  name: string;
  /** Can whoever reads the disk read them? */
  isPlain: boolean;
  /** @throws Failure `credentials-unusable` */
  read(account: string): string | null;
  /** @returns whether it could */
  write(account: string, secret: string): Promise<boolean>;
  /** @returns `unasked` where it can't say whether there is anything */
  remove(account: string): Promise<'removed' | 'absent' | 'unasked'>;
}
