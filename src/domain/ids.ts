import { Failure } from './errors/failure.ts';
import { printable } from './text/terminal-text.ts';

/** How a user names a card: by its token or by its order, with or without the profile. One of the two is null. */
export interface Reference {
  profileId: number | null;
  cardToken: string | null;
  orderId: number | null;
}

/** A card whose profile is known: by its token, its order, or both. */
export interface CardIdentity {
  readonly profileId: number;
  readonly cardToken: string | null;
  readonly orderId: number | null;
}

/** Returns the identity alone of something that has one, like a card. */
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
  if (!token && !order) {
    throw new Failure('invalid-reference', `“${printable(text.slice(0, 80))}” is not a card.`, {
      hint: 'Name a card by its card token (a UUID) or its order id, alone or as PROFILE/TOKEN or PROFILE/ORDER.',
    });
  }
  return {
    profileId: profile === undefined ? null : parseId(profile, 'profile id'),
    cardToken: token?.toLowerCase() ?? null,
    orderId: order === undefined ? null : parseId(order, 'order id'),
  };
}

/**
 * Reads a numeric id (the vendor's int64, of which JSON carries the first 53 bits safely).
 * @param what how messages call it: `order id`, `profile id`
 * @throws Failure `invalid-reference` for zero, a negative, fractional or too large number, and for text
 */
export function parseId(text: string, what: string): number {
  const id = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new Failure('invalid-reference', `“${printable(text.slice(0, 80))}” is no ${what}.`, {
    hint: `The ${what} is a whole number from 1 to ${Number.MAX_SAFE_INTEGER}.`,
  });
}

/** Writes a reference in its fullest form, which every command reads again: `PROFILE/TOKEN`, else `PROFILE/ORDER`. */
export function formatReference({ profileId, cardToken, orderId }: Reference): string {
  const name = cardToken ?? String(orderId);
  return profileId === null ? name : `${profileId}/${name}`;
}

/** Does a reference name this card? One without a profile names it in any. */
export function isNamed(
  card: { profileId: number; cardToken: string | null; orderId: number | null },
  { profileId, cardToken, orderId }: Reference,
): boolean {
  if (profileId !== null && profileId !== card.profileId) return false;
  return cardToken === null ? orderId === card.orderId : cardToken === card.cardToken;
}

/** Nobody documents what kiosk ids look like: whatever is printable and in one word may be one. */
const KIOSK_ID = /^[^\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,100}$/u;

/** @throws Failure `usage` */
export function parseKioskId(text: string): string {
  if (KIOSK_ID.test(text)) return text;
  throw new Failure('usage', `“${printable(text.slice(0, 80))}” is not a kiosk id.`, {
    hint: 'A kiosk id is one word, like WIS00001.',
  });
}
