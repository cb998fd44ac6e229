import type { Calendar, Stopwatch } from '../../context/clocks.ts';
import type { Client } from '../../wise/client.ts';
import type { CachedToken, ClientCredentials } from '../../wise/tokens.ts';
import type { Logins } from './login-store.ts';

/** Source of the tokens of one owner. */
export interface TokenSource {
  /** For messages: `KIOSKCTL_TOKEN`, `the credential command of context …`. */
  name: string;
  token: Pick<CachedToken, 'get' | 'replace' | 'endsAt'>;
  /** True if the token can't be renewed. */
  isLast?: boolean;
}

/** Client id and secret of the application, and their source for messages. */
export interface FoundClient {
  client: ClientCredentials;
  source: string;
}

/** Token that a source has. */
export interface Found extends TokenSource {
  /** The only profile that it serves; null for all. */
  own: number | null;
}

/** Looks for a token in one source; null if it has none. */
export type Link = (profileId: number) => Promise<Found | null>;

/** Everything that credentials need from outside. */
export interface CredentialWorld {
  calendar: Calendar;
  stopwatch: Stopwatch;
  signal: AbortSignal;
  /** Shows a line to the user; with --quiet, only if it is about a problem. */
  say: (line: string, isProblem: boolean) => void;
  /** Client that fetches tokens. */
  client: () => Client;
  /** `--token-file`, `--token-stdin` */
  given: { file?: string | undefined; stdin?: boolean | undefined };
  readStdin: () => Promise<string>;
}

/** Everything that sources need from outside. */
export interface ChainWorld extends CredentialWorld {
  /** Adds a secret that became known. */
  hide: (secret: string) => void;
  logins: Logins;
  /** Finds client id and secret. @throws Failure `credentials-missing`, `credentials-unusable` */
  findClient: () => Promise<FoundClient>;
}
