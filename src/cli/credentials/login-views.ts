import type { Context } from '../../context/context.ts';
import { combineExitCodes } from '../../domain/errors/exit-codes.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import type { Result } from '../../output/result.ts';
import { localTime } from '../../output/style.ts';
import type { Identity } from './credentials.ts';
import type { LoggedIn } from './login.ts';
import type { Removal } from './login-store.ts';

export function renderLogin({ way, profileId, endsAt, place, isPlain, hiddenBy }: LoggedIn): Result {
  const whom = way === 'client' ? 'as the application' : `for ${profileName(profileId)}`;
  const storage = isPlain
    ? `in plain text in ${place}, which only this user may read (mode 0600)`
    : `in ${place}`;
  const hidden = hiddenBy === null ? '' : `It is not used: ${hiddenBy} takes precedence.\n`;
  return {
    exitCode: 0,
    document: {
      login: {
        way,
        profileId,
        endsAt: utcTime(endsAt),
        storedIn: place,
        isPlainText: isPlain,
        hiddenBy,
      },
    },
    text: (style) => `${style.good('✓')} Logged in ${whom}. Stored ${printable(storage)}.\n${hidden}`,
  };
}

export function renderLogout({ removed, unasked }: Removal): Result {
  const names = removed.map(({ name }) => name);
  return {
    exitCode: 0,
    document: { changed: names.length > 0, removedFrom: names, isComplete: unasked.length === 0 },
    text: () =>
      names.length > 0
        ? `Logged out: removed from ${printable(names.join(' and '))}. The tokens stay valid until they expire.\n`
        : 'No login was found here.\n',
  };
}

export function renderIdentities({ profileId }: Context, identities: readonly Identity[]): Result {
  return {
    exitCode: combineExitCodes(identities.map(({ exitCode }) => exitCode)),
    document: {
      profileId,
      credentials: identities.map(({ owner, source, endsAt, error }) => ({
        for: owner === 'application' ? owner : 'profile',
        profileId: owner === 'application' ? null : owner,
        source,
        endsAt: utcTime(endsAt),
        ...(error && { error }),
      })),
    },
    text: () => identities.map(identityLine).join(''),
    errors: identities.flatMap(({ owner, error }) =>
      error ? [{ about: owner === 'application' ? owner : profileName(owner), error }] : [],
    ),
  };
}

function identityLine({ owner, source, endsAt }: Identity): string {
  const whose = owner === 'application' ? 'Application' : `Profile ${owner}`;
  const end = endsAt === null ? '' : `, until ${localTime(endsAt)}`;
  return `${whose}: ${source === null ? 'no token' : printable(source) + end}\n`;
}

function profileName(profileId: number | null): string {
  return profileId === null ? 'any profile' : `profile ${profileId}`;
}
