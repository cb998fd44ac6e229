import * as v from 'valibot';
import { isKioskId, type KioskId, parseCardToken, parseKioskId } from '../domain/ids.ts';

/** An id of Wise: an int64, limited to the 53 bits that JSON numbers represent exactly. */
export const id = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** Optional text. Null, or a value of another type, counts as missing. */
export const optionalText = v.fallback(v.nullish(v.string(), null), null);

/** A card token. It must be a UUID, because paths and references contain it. */
export const cardToken = v.pipe(v.string(), v.uuid(), v.transform(parseCardToken));

/** A kiosk id from Wise, accepted in any format. */
export const wiseKioskId = v.fallback(
  v.nullish(
    v.custom<KioskId>((value) => typeof value === 'string'),
    null,
  ),
  null,
);

/** A kiosk id from a user. */
export const kioskId = v.pipe(
  v.string(),
  v.metadata({ pattern: '^\\S{1,100}$' }),
  v.check(isKioskId, 'it is not a kiosk id: one word, like WIS00001'),
  v.transform(parseKioskId),
);

/** Non-empty text from a user. */
export const requiredText = v.pipe(v.string(), v.trim(), v.minLength(1, 'must not be empty'));
