import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import { asFailure, type FailureDocument } from '../../domain/errors/failure.ts';
import type { Owner } from '../../wise/client.ts';
import type { Settings } from '../settings/settings.ts';
import type { Credentials } from './credentials.ts';

/** Where one owner's token comes from. */
export interface Identity {
  owner: Owner;
  /** In words; null where there is none. */
  source: string | null;
  /** When the token ends, in milliseconds since the epoch; null where nobody knows. */
  endsAt: number | null;
  /** Why there is no token. */
  error: FailureDocument | null;
  exitCode: ExitCode;
}

/**
 * Finds out where the tokens of a context come from, and fetches those that have to be fetched. The application needs
 * none for cards, so it may do without.
 */
export async function identify(
  { profileId, environment }: Settings,
  credentials: Credentials,
): Promise<Identity[]> {
  const application = await identityOf('application', credentials);
  const isUnused = application.source === null && profileId !== null;
  const unused = isUnused ? { ...application, error: null, exitCode: 0 as const } : application;
  if (profileId === null) return [unused];
  const profile = await identityOf(profileId, credentials);
  return environment === 'local' ? [profile] : [profile, unused];
}

async function identityOf(owner: Owner, credentials: Credentials): Promise<Identity> {
  let source: string | null = null;
  try {
    const { name, token } = await credentials.sourceFor(owner);
    source = name;
    await token.get();
    return { owner, source, endsAt: token.endsAt, error: null, exitCode: 0 };
  } catch (error) {
    const failure = asFailure(error);
    return { owner, source, endsAt: null, error: failure.toDocument(), exitCode: failure.exitCode };
  }
}
