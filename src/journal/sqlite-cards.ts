import type { Journal } from './journal.ts';
import * as cards from './rows/cards.ts';
import type { Store } from './store.ts';

type CardsPart = Pick<Journal, 'rememberCard' | 'findCard' | 'listCards' | 'listRecentCards'>;

/** The cards that the journal knows. */
export function sqliteCards({ db, environment }: Store): CardsPart {
  return {
    rememberCard: async (card, at) => cards.rememberCard(db, environment, { card, at }),
    findCard: async ({ cardToken, orderId }) => {
      const row = cardToken
        ? cards.findByToken(db, environment, cardToken)
        : cards.findByOrder(db, environment, orderId ?? 0);
      return row ? cards.toKnownCard(row) : null;
    },
    listCards: async () => cards.listCards(db, environment).map(cards.toKnownCard),
    listRecentCards: async (since) => cards.listRecentCards(db, environment, since),
  };
}
