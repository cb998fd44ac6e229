import * as v from 'valibot';
import { isKioskId, type KioskId, parseCardToken, parseKioskId } from '../domain/ids.ts';

/** An id of Wise: an int64, limited to the 53 bits that JSON carries safely. */
export const id = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** Text that may be missing or null; a value of another type counts as missing. */
export const optionalText = v.fallback(v.nullish(v.string(), null), null);

/** A card token. It becomes part of paths and references, so it must be a UUID. */
export const cardToken = v.pipe(v.string(), v.uuid(), v.transform(parseCardToken));

/** A kiosk id of Wise, which is shown in any format. */
export const wiseKioskId = v.fallback(
  v.nullish(
    v.custom<KioskId>((value) => typeof value === 'string'),
    null,
  ),
  null,
);

/** A kiosk id of a user. */
export const kioskId = v.pipe(
  v.string(),
  v.metadata({ pattern: '^\\S{1,100}$' }),
  v.check(isKioskId, 'it is not a kiosk id: one word, like WIS00001'),
  v.transform(parseKioskId),
);

/** Text of a user that must not be empty. */
export const requiredText = v.pipe(v.string(), v.trim(), v.minLength(1, 'must not be empty'));
