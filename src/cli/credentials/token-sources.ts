import { Failure, failure } from '../../domain/errors/failure.ts';
import { withoutLineEnds } from '../../domain/text/decode-text.ts';
import type { OtherUser } from '../../machine/file-faults.ts';
import { findOtherWriter } from '../../machine/file-owners.ts';
import { CachedToken } from '../../wise/tokens.ts';
import { type GivenText, readSecretFile } from '../settings/secret-variables.ts';
import type { Settings } from '../settings/settings.ts';
import { isCi } from '../terminal/io.ts';
import { CredentialCommand } from './credential-helper.ts';
import { LOGIN_SLOT, StoredToken, successorSlot } from './stored-token.ts';
import type { ChainWorld, Found, Link, TokenSource } from './token-chain.ts';

/** Returns a token that can't be renewed. */
export function standing(token: string): TokenSource['token'] {
  return { get: async () => token, replace: async () => false, endsAt: null };
}

/** Creates all token sources, in descending order of precedence. */
export function makeChain(settings: Settings, world: ChainWorld): readonly Link[] {
  return [
    variableToken(settings),
    refreshToken(settings, world),
    givenToken(settings, world),
    commandToken(settings, world),
    storedToken(settings, world),
  ];
}

function variableToken({ token, profileId: own, contextName }: Settings): Link {
  return async () => {
    if (token === undefined) return null;
    const usable = required(token, { ...TOKEN, contextName });
    return { own, name: TOKEN.variable, token: standing(usable) };
  };
}

/** Source for KIOSKCTL_REFRESH_TOKEN. Stores renewed tokens, so that a daily job continues to work. */
function refreshToken(
  { refreshToken: given, profileId: own, contextName }: Settings,
  world: ChainWorld,
): Link {
  const { variable } = REFRESH_TOKEN;
  const secret = () => required(given, { ...REFRESH_TOKEN, contextName });
  // CI runners are shared, so tokens must not be stored there.
  const slot = successorSlot(secret, { profileId: own, isStored: !isCi() });
  const { token } = new StoredToken(variable, slot, world);
  return async () => (given === undefined ? null : { own, name: variable, token });
}

/** Source for `--token-file` and `--token-stdin`. Reads the token once, at its first use. */
function givenToken({ profileId: own, contextName }: Settings, { given, hide, readStdin }: ChainWorld): Link {
  const name = given.file === undefined ? '--token-stdin' : `--token-file ${given.file}`;
  const read = async () => {
    const text = given.file === undefined ? await readStdin() : readTokenFile(given.file);
    const secret: GivenSecret = {
      ...TOKEN,
      variable: name,
      hint: 'It must contain an access token of the profile.',
    };
    const token = required(withoutLineEnds(text), { ...secret, contextName });
    hide(token);
    return { token, lifetime: Number.POSITIVE_INFINITY };
  };
  const kept = new CachedToken(read, () => 0);
  const token = {
    get: async () => kept.get(),
    replace: async () => false,
    endsAt: null,
  };
  return async () => (given.file === undefined && !given.stdin ? null : { own, name, token });
}

/**
 * Reads a token file.
 * @throws Failure `credentials-missing` for an unreadable file, `invalid-input` if it is not text
 */
function readTokenFile(file: string): string {
  const hint = 'Use a file that contains an access token of the profile.';
  return readSecretFile(file, { what: `The token file ${file}`, hint });
}

function commandToken(
  { credentialCommand, contextName, paths: { settings } }: Settings,
  world: ChainWorld,
): Link {
  if (!credentialCommand) return async () => null;
  const now = () => world.calendar.now();
  const command = new CredentialCommand(credentialCommand, { ...world, contextName, now });
  return async (profileId) => {
    const other = findOtherWriter(settings);
    if (other) throw notRun(command.source, settings, other);
    return { own: null, name: command.source, token: command.of(profileId) };
  };
}

/**
 * Creates the failure for a credential command that is not run, because other users can modify the settings file that
 * contains it. They could run any program as this user.
 */
function notRun(source: string, settings: string, { reason, fix }: OtherUser): Failure {
  return failure(
    'credentials-unusable',
    `No token: ${source} is not run while others can change ${settings}: ${reason}.`,
    `Check its content. ${fix}.`,
  );
}

/** Source for the stored login. */
function storedToken({ profileId: own, contextName }: Settings, world: ChainWorld): Link {
  let stored: Promise<Found | null> | null = null;
  const find = async () => {
    const found = await world.logins.find();
    if (!found?.login.user) return null;
    const name = `the login of context ${contextName}, in ${found.place.name}`;
    const { profileId, refreshToken } = found.login.user;
    const { token } = new StoredToken(name, LOGIN_SLOT, world);
    return { own: profileId ?? own, name, token, isLast: refreshToken === null };
  };
  return async () => (stored ??= find());
}

/** A secret that the user sets. */
export interface GivenSecret {
  /** Environment variable or flag. */
  variable: string;
  what: string;
  /** Pattern of valid values. A header can't contain line breaks, spaces or non-ASCII characters. */
  shape: RegExp;
  /** Advice on obtaining the secret. */
  hint: string;
}

const PLAIN = /^[\u0021-\u007e]+$/;
const CLIENT_HINT =
  'Set KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET of your application, or run kioskctl login.';

export const TOKEN: GivenSecret = {
  variable: 'KIOSKCTL_TOKEN',
  what: 'token',
  shape: PLAIN,
  hint: 'Set KIOSKCTL_TOKEN to an access token of the profile, or run kioskctl login.',
};
export const REFRESH_TOKEN: GivenSecret = {
  variable: 'KIOSKCTL_REFRESH_TOKEN',
  what: 'refresh token',
  shape: PLAIN,
  hint: 'Set KIOSKCTL_REFRESH_TOKEN to the refresh token of the profile.',
};
export const CLIENT_ID: GivenSecret = {
  variable: 'KIOSKCTL_CLIENT_ID',
  what: 'client id',
  // No colon, because basic authentication separates client id and secret with one.
  shape: /^[\u0021-\u0039\u003b-\u007e]+$/,
  hint: CLIENT_HINT,
};
export const CLIENT_SECRET: GivenSecret = {
  variable: 'KIOSKCTL_CLIENT_SECRET',
  what: 'client secret',
  shape: PLAIN,
  hint: CLIENT_HINT,
};

/** Validates a required secret. @throws Failure `credentials-missing`, `credentials-unusable` */
export function required(
  value: GivenText,
  { variable, what, shape, hint, contextName }: GivenSecret & { contextName: string },
): string {
  if (value instanceof Failure) throw value;
  if (!value) {
    const why = value === undefined ? 'is not set' : 'is empty';
    const message = `There is no ${what} for context ${contextName}: ${variable} ${why}.`;
    throw failure('credentials-missing', message, hint);
  }
  if (shape.test(value)) return value;
  throw failure(
    'credentials-unusable',
    `${variable} has a line break, a space or another character that is not allowed in a ${what}.`,
    `Set it to the bare ${what}; a newline at its end often comes from reading a file.`,
  );
}
