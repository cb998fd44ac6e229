import { type Failure, failure } from './errors/failure.ts';
import { redactWord } from './text/redaction.ts';
import { printable } from './text/terminal-text.ts';

declare const brand: unique symbol;

/** A valid kiosk id. Created only by `parseKioskId`, the schemas of Wise's bodies and the tables of the journal. */
export type KioskId = string & { readonly [brand]: 'kiosk' };

/**
 * A valid card token in lower case. Created only by `parseCardToken`, the schemas of Wise's bodies and the tables of
 * the journal.
 */
export type CardToken = string & { readonly [brand]: 'card' };

/** A reference to a card: by token or by order id (the other is null), optionally with the profile. */
export interface Reference extends PlainReference {
  cardToken: CardToken | null;
}

/** A reference in a JSON document; its token is not validated. */
interface PlainReference {
  profileId: number | null;
  cardToken: string | null;
  orderId: number | null;
}

/** A card with its profile, and with its token, its order id, or both. */
export interface CardIdentity {
  readonly profileId: number;
  readonly cardToken: CardToken | null;
  readonly orderId: number | null;
}

/** Returns only the identifying fields of a card. */
export function identityOf({ profileId, orderId, cardToken }: CardIdentity): CardIdentity {
  return Object.freeze({ profileId, orderId, cardToken });
}

const REFERENCE =
  /^(?:(?<profile>\d+)\/)?(?:(?<token>[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})|(?<order>\d+)L?)$/i;

/**
 * Parses a card reference: `TOKEN`, `ORDER`, `PROFILE/TOKEN` or `PROFILE/ORDER`. An order id may end with `L` as in
 * Wise's events (`1001L`).
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
  // A mistyped card token can be shown; any other word may be a secret.
  const shown = /[g-z]/i.test(text) ? redactWord(text) : text;
  return failure(
    'invalid-reference',
    `“${printable(shown.slice(0, 80))}” is not a card reference.`,
    'Use a card token (a UUID), at least its first 8 digits, or an order id, alone or as PROFILE/CARD.',
  );
}

/**
 * Parses a numeric id. Ids of Wise have 64 bits, but JSON numbers are exact only up to 53 bits.
 * @param what name of the id in messages: `order id`, `profile id`
 * @throws Failure `invalid-reference` unless the text is a whole number from 1 to 2^53 - 1
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

/** Formats a reference for messages and commands: `PROFILE/TOKEN`, or `PROFILE/ORDER` without a token. */
export function formatReference({ profileId, cardToken, orderId }: PlainReference): string {
  const name = cardToken ?? String(orderId);
  return profileId === null ? name : `${profileId}/${name}`;
}

/** True if a reference names the card. A reference without a profile matches cards of all profiles. */
export function isNamed(
  card: { profileId: number; cardToken: string | null; orderId: number | null },
  { profileId, cardToken, orderId }: Reference,
): boolean {
  if (profileId !== null && profileId !== card.profileId) return false;
  return cardToken === null ? orderId === card.orderId : cardToken === card.cardToken;
}

const CARD_TOKEN = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/** Parses a card token. @throws Failure `invalid-reference` if it is not a UUID */
export function parseCardToken(text: string): CardToken {
  const token = text.trim().toLowerCase();
  if (isCardToken(token)) return token;
  throw notACard(text);
}

function isCardToken(text: string): text is CardToken {
  return CARD_TOKEN.test(text);
}

/** Pattern of kiosk ids. Wise documents no format, so any printable word is accepted. */
const KIOSK_ID = /^[^\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,100}$/u;

export function isKioskId(text: string): text is KioskId {
  return KIOSK_ID.test(text);
}

/** Parses a kiosk id. @throws Failure `usage` */
export function parseKioskId(text: string): KioskId {
  if (isKioskId(text)) return text;
  throw failure(
    'usage',
    `“${printable(text.slice(0, 80))}” is not a kiosk id.`,
    'A kiosk id is one word, like WIS00001.',
  );
}

/** The first digits of a card token, optionally with the profile. The journal completes them. */
export interface TokenPrefix {
  profileId: number | null;
  tokenPrefix: string;
}

/** The name by which a user refers to a card. */
export type CardName = Reference | TokenPrefix;

/** Minimum number of token digits that name a card. */
const PREFIX_DIGITS = 8;

const SOME_TOKEN = '00000000-0000-0000-0000-000000000000';

/** Parses a card name: a reference, or the first digits of a token. @throws Failure `invalid-reference` */
export function parseCardName(text: string): CardName {
  const [, profile, name = ''] = /^(?:(\d+)\/)?(\S+)$/.exec(text.trim()) ?? [];
  const tokenPrefix = name.toLowerCase();
  if (!isTokenPrefix(tokenPrefix)) return parseReference(text);
  return { profileId: profile === undefined ? null : parseId(profile, 'profile id'), tokenPrefix };
}

/**
 * True if a text is the first digits of a token, with hyphens where the token has them. A text of decimal digits only
 * is an order id.
 */
function isTokenPrefix(text: string): boolean {
  const isLong = text.length >= PREFIX_DIGITS && text.length < SOME_TOKEN.length;
  return isLong && !/^\d+$/.test(text) && isCardToken(text + SOME_TOKEN.slice(text.length));
}

/** The fields of a card from which its short name is made. */
export interface NamedCard {
  profileId: number;
  cardToken: CardToken | null;
  orderId: number | null;
}

/** True if a token prefix names the card. */
export function isPrefixOf({ profileId, tokenPrefix }: TokenPrefix, card: NamedCard): boolean {
  const isOfProfile = profileId === null || profileId === card.profileId;
  return isOfProfile && card.cardToken !== null && card.cardToken.startsWith(tokenPrefix);
}

/**
 * Returns short names by reference: `1001/501`, or `1001/3eb4e0f2` for a card without an order.
 * @param cards the cards to name, and all other cards of the journal whose tokens start with the same 8 digits
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

/** Returns the shortest prefix of a token that names no other card and is not a valid order id. */
function shortestPrefix(token: CardToken, alike: readonly NamedCard[]): string {
  for (let length = PREFIX_DIGITS; length < token.length; length += 1) {
    const prefix = token.slice(0, length);
    const isOnly = alike.every(({ cardToken }) => cardToken === token || !cardToken?.startsWith(prefix));
    if (isOnly && isTokenPrefix(prefix) && !prefix.endsWith('-')) return prefix;
  }
  return token;
}

/** Matches full references in a text, except in the path of a URL. A colour code like `[31m` may precede them. */
const WHOLE_REFERENCE = /(?<=\[\d+m|(?<![\w/.-]))\d+\/([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})(?![\w-])/g;

/** Returns the token prefixes of all full references in a text, without duplicates. */
export function tokenBeginnings(text: string): string[] {
  const tokens = Array.from(text.matchAll(WHOLE_REFERENCE), ([, token = '']) => token);
  return [...new Set(tokens.map((token) => token.slice(0, PREFIX_DIGITS)))];
}

/**
 * Replaces full references in a text by short names. A line with tabs is a row of non-terminal output for scripts, and
 * stays unchanged.
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

/** Formats a card for progress messages: `PROFILE/ORDER` if the order is known. */
export function progressName(card: PlainReference): string {
  return formatReference(card.orderId === null ? card : { ...card, cardToken: null });
}
