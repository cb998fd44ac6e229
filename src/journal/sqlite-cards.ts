import { latestOf } from '../domain/production.ts';
import type { Journal } from './journal.ts';
import { foldCards, foldSome } from './project-events.ts';
import * as states from './tables/card-states.ts';
import * as cards from './tables/cards.ts';
import { findEnvironment, putEnvironment } from './tables/cards.ts';
import type { Store } from './write-queue.ts';

type CardsPart = Pick<Journal, 'rememberCard' | 'findCard' | 'orderSeenAt' | 'listCards' | 'listRecentCards'>;

/** The cards that the journal knows. */
export function sqliteCards({ db, commit, environment }: Store): CardsPart {
  return {
    rememberCard: async (card, at) => {
      const seen = { card, at, orderSeenAt: card.orderStatus ? at : null };
      if (cards.isNews(db, environment, seen))
        await commit.write(() => cards.rememberCard(db, environment, seen));
    },
    findCard: async ({ cardToken, orderId }) => {
      const row = cardToken
        ? cards.findByToken(db, environment, cardToken)
        : cards.findByOrder(db, environment, orderId ?? 0);
      return row ? cards.toKnownCard(row) : null;
    },
    orderSeenAt: async (cardToken) => cards.findByToken(db, environment, cardToken)?.order_seen_at ?? null,
    listCards: async () => cards.listCards(db, environment).map(cards.toKnownCard),
    listRecentCards: async (since) => cards.listRecentCards(db, environment, since),
  };
}

type StatesPart = Pick<
  Journal,
  | 'rememberProduction'
  | 'listCardStates'
  | 'listKiosks'
  | 'projectEvents'
  | 'clockOffset'
  | 'rememberClockOffset'
>;

/** Where cards stand, by what the API and events said last. */
export function sqliteCardStates(store: Store): StatesPart {
  const { db, commit, environment } = store;
  return {
    rememberProduction: async (cardToken, production, at) => {
      const known = states.findProduction(db, environment, cardToken);
      if (!production || isSame(known, latestOf(known, production))) return;
      await commit.write(() => states.setProduction(db, environment, { cardToken, production, at }));
    },
    listCardStates: async (filter) => {
      await foldCards(store);
      return states.listCardStates(db, environment, filter);
    },
    listKiosks: async () => {
      await foldCards(store);
      return states.listKiosks(db, environment);
    },
    projectEvents: async () => foldSome(store),
    clockOffset: async () => findEnvironment(db, environment).clock_offset,
    rememberClockOffset: async (milliseconds) =>
      commit.write(() => {
        const row = findEnvironment(db, environment);
        putEnvironment(db, environment, { ...row, clock_offset: milliseconds });
      }),
  };
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
