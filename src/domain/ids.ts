import { type Failure, failure } from './errors/failure.ts';
import { redactWord } from './text/redaction.ts';
import { printable } from './text/terminal-text.ts';

declare const brand: unique symbol;

/** The id of a kiosk. Made by `parseKioskId`, by schemas of Wise's bodies and by the journal's tables only. */
export type KioskId = string & { readonly [brand]: 'kiosk' };

/** A card token in lower case. Made by `parseCardToken`, by schemas of Wise's bodies and by the journal's tables only. */
export type CardToken = string & { readonly [brand]: 'card' };

/** The name of a card: its token or its order id (the other one is null), with or without the profile. */
export interface Reference extends PlainReference {
  cardToken: CardToken | null;
}

/** A reference of a document, with an unchecked token. */
interface PlainReference {
  profileId: number | null;
  cardToken: string | null;
  orderId: number | null;
}

/** A card whose profile is known: by its token, its order, or both. */
export interface CardIdentity {
  readonly profileId: number;
  readonly cardToken: CardToken | null;
  readonly orderId: number | null;
}

/** Returns the identity of a card without its other fields. */
export function identityOf({ profileId, orderId, cardToken }: CardIdentity): CardIdentity {
  return Object.freeze({ profileId, orderId, cardToken });
}

const REFERENCE =
  /^(?:(?<profile>\d+)\/)?(?:(?<token>[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})|(?<order>\d+)L?)$/i;

/**
 * Reads a card reference: `TOKEN`, `ORDER`, `PROFILE/TOKEN` or `PROFILE/ORDER` (`1001L`, as the vendor's events write
 * an order id, is order 1001).
 * @throws Failure `invalid-reference`
 */
export function parseReference(text: string): Reference {
  const { profile, token, order } = REFERENCE.exec(text.trim())?.groups ?? {};
  if (!token && !order) throw notACard(text);
  return {
    profileId: profile === undefined ? null : parseId(profile, 'profile id'),
    cardToken: token === undefined ? null : parseCardToken(token),
    orderId: order === undefined ? null : parseId(order, 'order id'),
  };
}

function notACard(text: string): Failure {
  // A mistyped card token has only hexadecimal digits: it is shown.
  const shown = /[g-z]/i.test(text) ? redactWord(text) : text;
  return failure(
    'invalid-reference',
    `“${printable(shown.slice(0, 80))}” is not a card reference.`,
    'Use a card token (a UUID) or an order id, alone or as PROFILE/TOKEN or PROFILE/ORDER.',
  );
}

/**
 * Reads a numeric id. Wise has 64 bits for it, of which JSON carries 53 safely.
 * @param what the name of the id in messages: `order id`, `profile id`
 * @throws Failure `invalid-reference` for anything but a whole number from 1 to 2^53 - 1
 */
export function parseId(text: string, what: string): number {
  const id = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw failure(
    'invalid-reference',
    `“${printable(text.slice(0, 80))}” is not a ${what}.`,
    `The ${what} is a whole number from 1 to ${Number.MAX_SAFE_INTEGER}.`,
  );
}

/** Formats a reference for messages and commands: `PROFILE/TOKEN`, else `PROFILE/ORDER`. */
export function formatReference({ profileId, cardToken, orderId }: PlainReference): string {
  const name = cardToken ?? String(orderId);
  return profileId === null ? name : `${profileId}/${name}`;
}

/** True if a reference names this card. A reference without a profile matches cards of any profile. */
export function isNamed(
  card: { profileId: number; cardToken: string | null; orderId: number | null },
  { profileId, cardToken, orderId }: Reference,
): boolean {
  if (profileId !== null && profileId !== card.profileId) return false;
  return cardToken === null ? orderId === card.orderId : cardToken === card.cardToken;
}

const CARD_TOKEN = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/** @throws Failure `invalid-reference` for text that is no UUID */
export function parseCardToken(text: string): CardToken {
  const token = text.trim().toLowerCase();
  if (isCardToken(token)) return token;
  throw notACard(text);
}

function isCardToken(text: string): text is CardToken {
  return CARD_TOKEN.test(text);
}

/** The form of kiosk ids, which Wise does not document: any printable word. */
const KIOSK_ID = /^[^\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,100}$/u;

export function isKioskId(text: string): text is KioskId {
  return KIOSK_ID.test(text);
}

/** @throws Failure `usage` */
export function parseKioskId(text: string): KioskId {
  if (isKioskId(text)) return text;
  throw failure(
    'usage',
    `“${printable(text.slice(0, 80))}” is not a kiosk id.`,
    'A kiosk id is one word, like WIS00001.',
  );
}
