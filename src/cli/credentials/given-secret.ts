import { Failure } from '../../domain/errors/failure.ts';

/** A secret that somebody gave. */
export interface GivenSecret {
  /** Where: the environment variable, or the flag. */
  variable: string;
  what: string;
  /** A header can't carry line breaks, spaces or anything beyond ASCII. */
  shape: RegExp;
  /** How to come to one. */
  hint: string;
}

const PLAIN = /^[\u0021-\u007e]+$/;
const CLIENT_HINT =
  'Set KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET, which Wise gave your application, or run kioskctl login.';

export const TOKEN: GivenSecret = {
  variable: 'KIOSKCTL_TOKEN',
  what: 'token',
  shape: PLAIN,
  hint: 'Set KIOSKCTL_TOKEN to an access token of the profile, or run kioskctl login.',
};
export const REFRESH_TOKEN: GivenSecret = {
  variable: 'KIOSKCTL_REFRESH_TOKEN',
  what: 'refresh token',
  shape: PLAIN,
  hint: 'Set KIOSKCTL_REFRESH_TOKEN to what came with an access token of the profile.',
};
export const CLIENT_ID: GivenSecret = {
  variable: 'KIOSKCTL_CLIENT_ID',
  what: 'client id',
  // A colon ends it where it is sent together with its secret.
  shape: /^[\u0021-\u0039\u003b-\u007e]+$/,
  hint: CLIENT_HINT,
};
export const CLIENT_SECRET: GivenSecret = {
  variable: 'KIOSKCTL_CLIENT_SECRET',
  what: 'client secret',
  shape: PLAIN,
  hint: CLIENT_HINT,
};

/** A secret that has to be there, and to be what it is said to be. @throws Failure `credentials-missing`, `credentials-unusable` */
export function required(
  value: string | undefined,
  { variable, what, shape, hint, contextName }: GivenSecret & { contextName: string },
): string {
  if (!value) {
    const why = value === undefined ? 'is not set' : 'is empty';
    const message = `There is no ${what} for context ${contextName}: ${variable} ${why}.`;
    throw new Failure('credentials-missing', message, { hint });
  }
  if (shape.test(value)) return value;
  throw new Failure(
    'credentials-unusable',
    `${variable} has a line break, a space or another character that no ${what} has.`,
    { hint: `Set it to the bare ${what}; a newline at its end often comes from reading a file.` },
  );
}
