import type { Entry } from '@napi-rs/keyring';
import type { Place } from './places.ts';

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
