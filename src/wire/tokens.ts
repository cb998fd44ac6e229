import * as v from 'valibot';
import { requiredText } from './scalars.ts';

/** Form body of `POST /oauth/token`, by grant type. */
export const tokenRequest = v.variant('grant_type', [
  v.object({ grant_type: v.literal('client_credentials') }),
  v.object({ grant_type: v.literal('refresh_token'), refresh_token: requiredText }),
  v.object({
    grant_type: v.literal('authorization_code'),
    client_id: requiredText,
    code: requiredText,
    redirect_uri: requiredText,
  }),
  v.object({
    grant_type: v.literal('registration_code'),
    client_id: requiredText,
    email: requiredText,
    registration_code: requiredText,
  }),
]);

/** A token without characters that are invalid in a header. */
export const accessToken = v.pipe(v.string(), v.regex(/^[\u0021-\u007e]+$/));

/** Schema of the response to a token request. `expires_in` is in seconds. */
const tokenAnswer = v.object({
  access_token: accessToken,
  expires_in: v.fallback(v.nullish(v.pipe(v.number(), v.minValue(0)), null), null),
});

/** Schema of the response to a token request on behalf of a user. */
export const userTokenAnswer = v.object({
  ...tokenAnswer.entries,
  refresh_token: v.nullish(requiredText, null),
});
