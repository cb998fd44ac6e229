import type { Context } from '../../context/context.ts';
import { combineExitCodes } from '../../domain/errors/exit-codes.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import type { Result } from '../../output/result.ts';
import { localTime } from '../../output/style.ts';

/** Result of a login. */
interface LoggedIn {
  way: string;
  profileId: number | null;
  endsAt: number | null;
  place: string;
  isPlain: boolean;
  hiddenBy: string | null;
}

export function renderLogin({ endsAt, place, isPlain, ...done }: LoggedIn): Result {
  const { way, profileId, hiddenBy } = done;
  const whom = way === 'client' ? 'as the application' : `for ${profileName(profileId)}`;
  const storage = isPlain
    ? `in plain text in ${place}, which only this user may read (mode 0600)`
    : `in ${place}`;
  const hidden =
    hiddenBy === null ? '' : `It is not used while there is ${hiddenBy}, which goes before it.\n`;
  const login = {
    way,
    profileId,
    endsAt: utcTime(endsAt),
    storedIn: place,
    isPlainText: isPlain,
    hiddenBy,
  };
  return {
    exitCode: 0,
    document: { login },
    text: (style) => `${style.good('✓')} Logged in ${whom}. Kept ${printable(storage)}.\n${hidden}`,
  };
}

interface Removal {
  removed: readonly { name: string }[];
  unasked: readonly { name: string }[];
}

export function renderLogout({ removed, unasked }: Removal): Result {
  const names = removed.map(({ name }) => name);
  return {
    exitCode: 0,
    document: { changed: names.length > 0, removedFrom: names, isComplete: unasked.length === 0 },
    text: () =>
      names.length > 0
        ? `Logged out: forgotten in ${printable(names.join(' and '))}. The tokens stay good until they end.\n`
        : 'No login was found here.\n',
  };
}

interface Identity {
  owner: number | 'application';
  source: string | null;
  endsAt: number | null;
  error: { code: string; message: string; hint: string } | null;
  exitCode: Result['exitCode'];
}

export function renderIdentities(
  { name, environment, profileId }: Context,
  identities: readonly Identity[],
): Result {
  const line = ({ owner, source, endsAt }: Identity) => {
    const whose = owner === 'application' ? 'Application' : `Profile ${owner}`;
    const end = endsAt === null ? '' : `, until ${localTime(endsAt)}`;
    return `${whose}: ${source === null ? 'no token' : printable(source) + end}\n`;
  };
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
    text: () => `Context ${printable(name)}, environment ${environment}\n${identities.map(line).join('')}`,
    errors: identities.flatMap(({ owner, error }) =>
      error ? [{ about: owner === 'application' ? owner : profileName(owner), error }] : [],
    ),
  };
}

function profileName(profileId: number | null): string {
  return profileId === null ? 'any profile' : `profile ${profileId}`;
}
