import { SAVE_AS_UTF8 } from '../../context/files.ts';
import { asFailure, type Failure, failure } from '../../domain/errors/failure.ts';
import { withoutLineEnds } from '../../domain/text/decode-text.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { NO_TEXT, readTextOr } from '../terminal/read-text.ts';

/**
 * Environment variables of secrets, with their descriptions. Flags never contain secrets. Each variable has a variant
 * for the path of a file.
 */
const SECRET_VARIABLES = {
  KIOSKCTL_TOKEN: 'the access token (no flag takes it)',
  KIOSKCTL_REFRESH_TOKEN: 'the refresh token; needs client id and secret (no flag takes it)',
  KIOSKCTL_CLIENT_ID: 'the client id of the application, for webhooks and refresh tokens',
  KIOSKCTL_CLIENT_SECRET: 'the client secret of the application (no flag takes it)',
  KIOSKCTL_JOURNAL_PASSWORD: 'the password of a journal in PostgreSQL; otherwise PGPASSWORD or PGPASSFILE',
};

type SecretVariable = keyof typeof SECRET_VARIABLES;

/** Returns the secrets in environment variables, for early redaction. A client id is no secret. */
export function secretsIn(env: NodeJS.ProcessEnv = process.env): string[] {
  const own = Object.keys(SECRET_VARIABLES).filter((name) => name !== 'KIOSKCTL_CLIENT_ID');
  const names = [...own, PG_PASSWORD];
  return names.flatMap((name) => withoutLineEnds(env[name] ?? ''));
}

/** Returns the variant of a variable that contains the path of a file, as containers mount secrets. */
function fileVariable(name: string): string {
  return `${name}_FILE`;
}

/** The variable of PostgreSQL for the password of a journal. */
const PG_PASSWORD = 'PGPASSWORD';

/** Names of all secret variables, including the variants for files. */
export const SECRET_NAMES: readonly string[] = Object.keys(SECRET_VARIABLES).flatMap((name) => [
  name,
  fileVariable(name),
]);

/** Variables that no program may get that kioskctl starts. */
export const HIDDEN_NAMES: readonly string[] = [...SECRET_NAMES, PG_PASSWORD];

/** The variables and their descriptions, for the help. */
export const SECRET_HELP: readonly (readonly [name: string, meaning: string])[] = Object.entries(
  SECRET_VARIABLES,
).flatMap(([name, meaning]) => [
  [name, meaning] as const,
  [fileVariable(name), 'a file that holds it'] as const,
]);

/**
 * A secret from the environment; a Failure if its file is unreadable (thrown when the secret is needed); undefined if
 * not set.
 */
export type GivenText = string | Failure | undefined;

/** Reads a secret from its variable, or from the file that the variant names. */
export function readSecretVariable(env: NodeJS.ProcessEnv, name: SecretVariable): GivenText {
  const other = fileVariable(name);
  const { [name]: text, [other]: file } = env;
  if (file === undefined) return text === undefined ? undefined : withoutLineEnds(text);
  if (text !== undefined) return failure('usage', `${name} and ${other} are both set.`, 'Unset one of them.');
  const hint = `Set ${other} to the path of a file that holds only the secret.`;
  if (file === '') return failure('credentials-missing', `${other} is empty.`, hint);
  try {
    return readSecretFile(file, { what: `The file of ${other}, ${file},`, hint });
  } catch (error) {
    return asFailure(error);
  }
}

/** Maximum size of a secret's file. */
const LIMIT_BYTES = 64 * 1024;

/**
 * Reads a secret from a file, and removes trailing line ends.
 * @param what start of the message
 * @throws Failure `credentials-missing` for an unreadable file, `invalid-input` if it is not text
 */
export function readSecretFile(file: string, { what, hint }: { what: string; hint: string }): string {
  const text = readTextOr(file, { limit: LIMIT_BYTES }, ({ code, reason }) => {
    const message = `${printable(what)} can't be read: ${reason}.`;
    if (code === NO_TEXT) throw failure('invalid-input', message, SAVE_AS_UTF8);
    throw failure('credentials-missing', message, hint);
  });
  return withoutLineEnds(text);
}
