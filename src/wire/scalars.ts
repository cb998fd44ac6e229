import * as v from 'valibot';
import { isKioskId, type KioskId, parseCardToken, parseKioskId } from '../domain/ids.ts';

/** A vendor id: their int64, of which JSON carries the first 53 bits safely. */
export const id = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** Text that may be missing or null; a value of another type counts as missing. */
export const optionalText = v.fallback(v.nullish(v.string(), null), null);

/** A card token. It becomes a part of paths and references, so anything but a UUID is no token. */
export const cardToken = v.pipe(v.string(), v.uuid(), v.transform(parseCardToken));

/** A kiosk id of the vendor's, as it came: it is shown, whatever it looks like. */
export const wiseKioskId = v.fallback(
  v.nullish(
    v.custom<KioskId>((value) => typeof value === 'string'),
    null,
  ),
  null,
);

/** A kiosk id from the user's side. */
export const kioskId = v.pipe(
  v.string(),
  v.metadata({ pattern: '^\\S{1,100}$' }),
  v.check(isKioskId, 'it is not a kiosk id: one word, like WIS00001'),
  v.transform(parseKioskId),
);

/** Text from the user's side: there must be something in it. */
export const requiredText = v.pipe(v.string(), v.trim(), v.minLength(1, 'must not be empty'));
