import { SAVE_AS_UTF8 } from '../../context/files.ts';
import { asFailure, type Failure, failure } from '../../domain/errors/failure.ts';
import { withoutLineEnds } from '../../domain/text/decode-text.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { NO_TEXT, readTextOr } from '../terminal/read-text.ts';

/** Variables that hold secrets, and their meaning; no flag takes a secret. Each has a variable for a file, too. */
export const SECRET_VARIABLES = {
  KIOSKCTL_TOKEN: 'the access token (no flag takes it)',
  KIOSKCTL_REFRESH_TOKEN: 'the refresh token; needs client id and secret (no flag takes it)',
  KIOSKCTL_CLIENT_ID: 'the client id of the application, for webhooks and refresh tokens',
  KIOSKCTL_CLIENT_SECRET: 'the client secret of the application (no flag takes it)',
};

type SecretVariable = keyof typeof SECRET_VARIABLES;

/** The variable with the path of a file that holds the secret, as containers mount it. */
function fileVariable(name: string): string {
  return `${name}_FILE`;
}

/** All variables that give a secret. */
export const SECRET_NAMES: readonly string[] = Object.keys(SECRET_VARIABLES).flatMap((name) => [
  name,
  fileVariable(name),
]);

/** The variables and their meanings, for the help. */
export const SECRET_HELP: readonly (readonly [name: string, meaning: string])[] = Object.entries(
  SECRET_VARIABLES,
).flatMap(([name, meaning]) => [
  [name, meaning] as const,
  [fileVariable(name), 'a file that holds it'] as const,
]);

/** A secret of the environment, or the failure of reading its file, for the command that needs it; undefined if none is set. */
export type GivenText = string | Failure | undefined;

/** Reads a secret from its variable or from the file of its other variable. */
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

/** More than any secret has. */
const LIMIT_BYTES = 64 * 1024;

/**
 * Reads a secret from a file, without the line ends at its end.
 * @param what the beginning of the message
 * @throws Failure `credentials-missing` for a file that can't be read, `invalid-input` for one that is not text
 */
export function readSecretFile(file: string, { what, hint }: { what: string; hint: string }): string {
  const text = readTextOr(file, { limit: LIMIT_BYTES }, ({ code, reason }) => {
    const message = `${printable(what)} can't be read: ${reason}.`;
    if (code === NO_TEXT) throw failure('invalid-input', message, SAVE_AS_UTF8);
    throw failure('credentials-missing', message, hint);
  });
  return withoutLineEnds(text);
}
