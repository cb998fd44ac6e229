import { type Failure, failure } from '../domain/errors/failure.ts';
import {
  type CardName,
  formatReference,
  isPrefixOf,
  type Reference,
  type TokenPrefix,
} from '../domain/ids.ts';
import type { Context } from './context.ts';

/**
 * Returns the full reference of a card. Completes the first digits of a token from the journal.
 * @throws Failure `invalid-reference` unless exactly one card of the journal matches
 */
export async function wholeReference({ journal }: Context, name: CardName): Promise<Reference> {
  if (!('tokenPrefix' in name)) return name;
  const alike = await journal.listCardsByPrefix([name.tokenPrefix]);
  const [card, ...others] = alike.filter((one) => isPrefixOf(name, one));
  if (!card || others.length > 0) throw notOne(name, card ? [card, ...others] : []);
  return { profileId: card.profileId, cardToken: card.cardToken, orderId: card.orderId };
}

/** Maximum number of cards in a message. */
const NAMED = 10;

function notOne({ profileId, tokenPrefix }: TokenPrefix, cards: readonly Reference[]): Failure {
  const named = formatReference({ profileId, cardToken: tokenPrefix, orderId: null });
  if (cards.length === 0) {
    return failure(
      'invalid-reference',
      `No card of the journal has a token that begins with ${named}.`,
      'Name the card by its whole token or its order id.',
    );
  }
  const more = cards.length > NAMED ? ` and ${cards.length - NAMED} more` : '';
  const names = cards.slice(0, NAMED).map(formatReference).join(', ');
  return failure(
    'invalid-reference',
    `${named} names ${cards.length} cards: ${names}${more}.`,
    'Name one of them, with more digits of its token.',
  );
}
