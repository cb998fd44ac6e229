import type { Calendar, Stopwatch } from '../../context/clocks.ts';
import type { Client } from '../../wise/client.ts';
import type { CachedToken, ClientCredentials } from '../../wise/tokens.ts';
import type { Logins } from './login-store.ts';

/** A source that has a token for an owner. */
export interface TokenSource {
  /** Name in messages: `KIOSKCTL_TOKEN`, `the credential command of context …`. */
  name: string;
  token: Pick<CachedToken, 'get' | 'replace' | 'endsAt'>;
  /** True if the token can't be renewed. */
  isLast?: boolean;
}

/** Client id and client secret of the application, with their source for messages. */
export interface FoundClient {
  client: ClientCredentials;
  source: string;
}

/** A source that has a token for a profile. */
export interface Found extends TokenSource {
  /** The only profile for which the token is valid; null for all. */
  own: number | null;
}

/** Returns the token from one source; null if the source has none. */
export type Link = (profileId: number) => Promise<Found | null>;

/** Access of credentials to client, input, output and clocks. */
export interface CredentialWorld {
  calendar: Calendar;
  stopwatch: Stopwatch;
  signal: AbortSignal;
  /** Shows a line to the user. With --quiet, only problems are shown. */
  say: (line: string, isProblem: boolean) => void;
  /** Returns the client for token requests. */
  client: () => Client;
  /** `--token-file` and `--token-stdin`. */
  given: { file?: string | undefined; stdin?: boolean | undefined };
  readStdin: () => Promise<string>;
}

/** Access of token sources to client, input and output, and to the client credentials. */
export interface ChainWorld extends CredentialWorld {
  /** Adds a secret to the values to redact. */
  hide: (secret: string) => void;
  logins: Logins;
  /** Returns client id and client secret. @throws Failure `credentials-missing`, `credentials-unusable` */
  findClient: () => Promise<FoundClient>;
}
