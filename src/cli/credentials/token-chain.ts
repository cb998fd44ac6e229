import type { Calendar, Stopwatch } from '../../context/clocks.ts';
import type { Client } from '../../wise/client.ts';
import type { CachedToken, ClientCredentials } from '../../wise/tokens.ts';
import type { Logins } from './login-store.ts';

/** Where tokens for one owner come from. */
export interface TokenSource {
  /** In words: `KIOSKCTL_TOKEN`, `the credential command of context …`. */
  name: string;
  token: Pick<CachedToken, 'get' | 'replace' | 'endsAt'>;
  /** Nothing renews it. */
  isLast?: boolean;
}

/** Client id and secret of the application, and where they are from, in words. */
export interface FoundClient {
  client: ClientCredentials;
  source: string;
}

/** The token of one link of the chain. */
export interface Found extends TokenSource {
  /** The only profile that it serves; null for any. */
  own: number | null;
}

/** One link of the chain; null where it has nothing. */
export type Link = (profileId: number) => Promise<Found | null>;

/** The ports that credentials use. */
export interface CredentialWorld {
  calendar: Calendar;
  stopwatch: Stopwatch;
  signal: AbortSignal;
  /** Shows a line to people, which quiet ones see only if there is trouble. */
  say: (line: string, isTrouble: boolean) => void;
  /** With which tokens are fetched. */
  client: () => Client;
  /** `--token-file`, `--token-stdin` */
  given: { file?: string | undefined; stdin?: boolean | undefined };
  readStdin: () => Promise<string>;
}

/** The ports that only links use. */
export interface ChainWorld extends CredentialWorld {
  /** Told of every secret that is learned on the way. */
  hide: (secret: string) => void;
  logins: Logins;
  /** @throws Failure `credentials-missing`, `credentials-unusable` */
  findClient: () => Promise<FoundClient>;
}
