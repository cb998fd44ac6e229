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
    'Use a card token (a UUID), at least its first 8 digits, or an order id, alone or as PROFILE/CARD.',
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
    `“${printable(text.slice(0, 80))}” is not a valid ${what}.`,
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

/** The beginning of a card token, with or without the profile. The journal knows which card it names. */
export interface TokenPrefix {
  profileId: number | null;
  tokenPrefix: string;
}

/** A card as a user names it. */
export type CardName = Reference | TokenPrefix;

/** The fewest digits of a token that name a card. */
const PREFIX_DIGITS = 8;

const SOME_TOKEN = '00000000-0000-0000-0000-000000000000';

/**
 * Reads the name of a card: a reference, or the beginning of its token.
 * @throws Failure `invalid-reference`
 */
export function parseCardName(text: string): CardName {
  const [, profile, name = ''] = /^(?:(\d+)\/)?(\S+)$/.exec(text.trim()) ?? [];
  const tokenPrefix = name.toLowerCase();
  if (!isTokenPrefix(tokenPrefix)) return parseReference(text);
  return { profileId: profile === undefined ? null : parseId(profile, 'profile id'), tokenPrefix };
}

/** True for the beginning of a token, with its hyphens. Decimal digits only are an order id. */
function isTokenPrefix(text: string): boolean {
  const isLong = text.length >= PREFIX_DIGITS && text.length < SOME_TOKEN.length;
  return isLong && !/^\d+$/.test(text) && isCardToken(text + SOME_TOKEN.slice(text.length));
}

/** The data of a card that its short name depends on. */
export interface NamedCard {
  profileId: number;
  cardToken: CardToken | null;
  orderId: number | null;
}

/** True if a prefix names this card. */
export function isPrefixOf({ profileId, tokenPrefix }: TokenPrefix, card: NamedCard): boolean {
  const isOfProfile = profileId === null || profileId === card.profileId;
  return isOfProfile && card.cardToken !== null && card.cardToken.startsWith(tokenPrefix);
}

/**
 * Returns the short names of cards by their references: `1001/501`, or `1001/3eb4e0f2` without an order.
 * @param cards all cards of the journal whose tokens begin like theirs
 */
export function shortNames(cards: readonly NamedCard[]): Map<string, string> {
  const alike = Map.groupBy(cards, ({ cardToken }) => cardToken?.slice(0, PREFIX_DIGITS));
  return new Map(
    cards.flatMap((card) => {
      const { profileId, cardToken, orderId } = card;
      if (cardToken === null) return [];
      const others = alike.get(cardToken.slice(0, PREFIX_DIGITS)) ?? [];
      return [
        [formatReference(card), `${profileId}/${orderId ?? shortestPrefix(cardToken, others)}`] as const,
      ];
    }),
  );
}

/** Returns the shortest prefix of a token that names no other card, and is not an order id. */
function shortestPrefix(token: CardToken, alike: readonly NamedCard[]): string {
  for (let length = PREFIX_DIGITS; length < token.length; length += 1) {
    const prefix = token.slice(0, length);
    const isOnly = alike.every(({ cardToken }) => cardToken === token || !cardToken?.startsWith(prefix));
    if (isOnly && isTokenPrefix(prefix) && !prefix.endsWith('-')) return prefix;
  }
  return token;
}

/** A whole reference in a text. In the path of a URL it names no card. */
const WHOLE_REFERENCE = /(?<![\w/.-])\d+\/([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})(?![\w-])/g;

/** Returns the beginnings of the tokens in a text, each once. */
export function tokenBeginnings(text: string): string[] {
  const tokens = Array.from(text.matchAll(WHOLE_REFERENCE), ([, token = '']) => token);
  return [...new Set(tokens.map((token) => token.slice(0, PREFIX_DIGITS)))];
}

/**
 * Replaces whole references in a text for people by short names. A line with tabs is a row of a table off a terminal, which
 * programs read: it stays whole.
 */
export function shortenReferences(text: string, names: ReadonlyMap<string, string>): string {
  if (names.size === 0) return text;
  return text
    .split('\n')
    .map((line) =>
      line.includes('\t') ? line : line.replace(WHOLE_REFERENCE, (whole) => names.get(whole) ?? whole),
    )
    .join('\n');
}

/** Formats the name of a card for progress messages: by its order, if it is known. */
export function progressName(card: PlainReference): string {
  return formatReference(card.orderId === null ? card : { ...card, cardToken: null });
}
