import { Failure, failure } from '../../domain/errors/failure.ts';
import type { PostgresAddress, TlsFiles } from '../../postgres/address.ts';
import { type JournalUrl, parseJournalUrl, withLogin } from '../../postgres/journal-url.ts';
import { readTextOr } from '../terminal/read-text.ts';
import { readSecretFile, readSecretVariable } from './secret-variables.ts';

/**
 * Converts a journal's URL to an address, with its certificates and password.
 * @param credentials hides the password in all output
 * @param login replaces the user of the URL
 * @throws Failure for an unreadable file
 */
export function journalAddressOf(
  text: string,
  credentials: { hide(secret: string): void },
  login?: string,
): PostgresAddress {
  const url = parseJournalUrl(login === undefined ? text : withLogin(text, login));
  const { name, host, port, user, database, schema } = url;
  const password = findPassword(url);
  if (password !== undefined) credentials.hide(password);
  return {
    name,
    host,
    port,
    user,
    database,
    schema,
    tls: url.usesTls ? readTlsFiles(url) : null,
    password: () => password ?? noPassword(name),
  };
}

function noPassword(name: string): never {
  throw failure(
    'journal-unusable',
    `The server of the journal ${name} requires a password.`,
    'Set KIOSKCTL_JOURNAL_PASSWORD_FILE, KIOSKCTL_JOURNAL_PASSWORD, PGPASSWORD or PGPASSFILE.',
  );
}

/** Maximum size of a PEM file. A bundle of all public CAs has about 250 kB. */
const PEM_LIMIT_BYTES = 1024 * 1024;

function readTlsFiles({ sslrootcert, sslcert, sslkey }: JournalUrl): TlsFiles {
  return {
    ...(sslrootcert !== null && { ca: readPem('sslrootcert', sslrootcert) }),
    ...(sslcert !== null && { cert: readPem('sslcert', sslcert) }),
    ...(sslkey !== null && { key: readPem('sslkey', sslkey) }),
  };
}

function readPem(parameter: string, file: string): string {
  return readTextOr(file, { limit: PEM_LIMIT_BYTES }, ({ reason }) => {
    throw failure(
      'usage',
      `${parameter} of the journal, ${file}, can't be read: ${reason}.`,
      'Name a PEM file that this user can read.',
    );
  });
}

/**
 * Returns the password of a PostgreSQL journal: from `KIOSKCTL_JOURNAL_PASSWORD` or its file, `PGPASSWORD`, or the
 * password file in `PGPASSFILE`. Other PG* variables are ignored.
 * @returns undefined if none is set
 * @throws Failure for an unreadable file
 */
function findPassword(place: JournalUrl, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const own = readSecretVariable(env, 'KIOSKCTL_JOURNAL_PASSWORD');
  if (own instanceof Failure) throw own;
  if (own !== undefined) return own;
  const { PGPASSWORD: password, PGPASSFILE: file } = env;
  if (password) return password;
  if (!file) return undefined;
  const hint = 'Set PGPASSFILE to the path of a password file of PostgreSQL.';
  return findInPasswordFile(readSecretFile(file, { what: `The file of PGPASSFILE, ${file},`, hint }), place);
}

/**
 * Returns the password from a password file with the lines `host:port:database:user:password`. `*` matches any value,
 * and `\` escapes the next character.
 * @returns undefined without a matching line
 */
function findInPasswordFile(text: string, place: JournalUrl): string | undefined {
  const { host, port, database, user } = place;
  const wanted = [host, String(port), database, user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = [...line.matchAll(/((?:[^:\\]|\\.)*)(?::|$)/g)].map(([, field = '']) =>
      field.replaceAll(/\\(.)/g, '$1'),
    );
    const password = fields[wanted.length];
    if (password !== undefined && wanted.every((value, index) => [value, '*'].includes(fields[index] ?? '')))
      return password;
  }
  return undefined;
}
