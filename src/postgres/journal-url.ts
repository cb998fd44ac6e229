import { failure } from '../domain/errors/failure.ts';
import { isLoopback } from '../domain/text/words.ts';

/** The parsed URL of a journal in PostgreSQL. */
export interface JournalUrl {
  /** URL for messages, without the parameters for TLS. */
  name: string;
  /** Host name, IP address, or folder of a Unix socket. */
  host: string;
  port: number;
  user: string;
  database: string;
  schema: string;
  /** True if the connection uses TLS and verifies the server's certificate. */
  usesTls: boolean;
  /** Absolute path of a PEM file; null if not set. */
  sslrootcert: string | null;
  sslcert: string | null;
  sslkey: string | null;
}

const DEFAULT_PORT = 5432;
const DEFAULT_SCHEMA = 'kioskctl';
const FILES = ['sslrootcert', 'sslcert', 'sslkey'] as const;
const PARAMETERS = new Set<string>([...FILES, 'sslmode', 'schema']);

const EXAMPLE = 'Write it like postgres://kioskctl@db.bank.example/kioskctl.';
const PASSWORD = 'Set the password with KIOSKCTL_JOURNAL_PASSWORD or KIOSKCTL_JOURNAL_PASSWORD_FILE.';

/** True for a journal on a database server. The path of a journal file has no scheme. */
export function isJournalUrl(place: string): boolean {
  return /^postgres(ql)?:\/\//i.test(place);
}

/**
 * Parses the URL of a journal. Messages don't contain the URL, because it may contain a password.
 * @throws Failure `usage`
 */
export function parseJournalUrl(text: string): JournalUrl {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || url.hash !== '') throw invalid('is not valid', EXAMPLE);
  if (url.password !== '' || url.searchParams.has('password')) throw invalid('contains a password', PASSWORD);
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined)
    throw invalid('has an unknown parameter', `Use only ${[...PARAMETERS].join(', ')}.`);
  const [host, user, database] = [url.hostname, url.username, url.pathname.slice(1)].map(decode);
  if (!host || !user || !database || database.includes('/'))
    throw invalid('needs a user, a host and a database', EXAMPLE);
  const schema = url.searchParams.get('schema') ?? DEFAULT_SCHEMA;
  if (!/^(?!pg_)[a-z_][a-z\d_]{0,50}$/.test(schema))
    throw invalid(
      'has an invalid schema',
      'Use lower-case letters, digits and underscores, and do not begin with pg_.',
    );
  const files = filesOf(url.searchParams);
  return {
    name: `postgres://${url.username}@${url.host}${url.pathname}${schema === DEFAULT_SCHEMA ? '' : `?schema=${schema}`}`,
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || DEFAULT_PORT),
    user,
    database,
    schema,
    usesTls: usesTls(url.searchParams, { host, hasFiles: Object.values(files).some(Boolean) }),
    ...files,
  };
}

/** Returns the URL with another login. */
export function withLogin(text: string, login: string): string {
  const url = new URL(text);
  url.username = login;
  return url.href;
}

/** True if two names are those of one journal, whichever login they have. */
export function isSameJournal(name: string, other: string): boolean {
  return withLogin(name, '') === withLogin(other, '');
}

/** True for a server that is not on this machine. */
export function isRemote({ host }: Pick<JournalUrl, 'host'>): boolean {
  return !isLoopback(host) && !host.startsWith('/');
}

function usesTls(
  parameters: URLSearchParams,
  { host, hasFiles }: { host: string; hasFiles: boolean },
): boolean {
  const mode = parameters.get('sslmode');
  if (mode === null) return hasFiles || isRemote({ host });
  if (mode === 'verify-full') return true;
  if (mode === 'disable' && !hasFiles) return false;
  throw invalid('has an unsupported sslmode', 'Use verify-full (the default) or, in a sandbox, disable.');
}

function filesOf(parameters: URLSearchParams): Pick<JournalUrl, (typeof FILES)[number]> {
  const [sslrootcert = null, sslcert = null, sslkey = null] = FILES.map((name) => {
    const file = parameters.get(name);
    if (file === null || file.startsWith('/') || /^[a-z]:[\\/]/i.test(file)) return file;
    throw invalid(`has a relative path as ${name}`, 'Use an absolute path.');
  });
  if ((sslcert === null) === (sslkey === null)) return { sslrootcert, sslcert, sslkey };
  throw invalid('has only one of sslcert and sslkey', 'Name both files, or none.');
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid('is not valid', EXAMPLE);
  }
}

function invalid(reason: string, hint: string) {
  return failure('usage', `The URL of the journal ${reason}.`, hint);
}
