import {
  type CardIdentity,
  formatReference,
  shortenReferences,
  shortNames,
  tokenBeginnings,
} from '../../domain/ids.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Names } from '../../output/style.ts';

/** Short names of the cards in the journal. An unknown card keeps its full token. */
export class CardNames implements Names {
  readonly #names = new Map<string, string>();
  #journal: (() => Pick<Journal, 'listCardsByPrefix'>) | null = null;

  /** Sets the journal to look up cards in. */
  use(journal: () => Pick<Journal, 'listCardsByPrefix'>): void {
    this.#journal = journal;
  }

  async learn(text: string): Promise<void> {
    const beginnings = tokenBeginnings(text);
    if (beginnings.length === 0 || !this.#journal) return;
    try {
      const cards = await this.#journal().listCardsByPrefix(beginnings);
      for (const [reference, name] of shortNames(cards)) this.#names.set(reference, name);
    } catch {
      // Full tokens are correct, too. Commands that need the journal report the failure.
    }
  }

  /** Loads the short name of a card. The journal is read only for a card without an order, and once. */
  async learnCard(card: CardIdentity): Promise<void> {
    const { profileId, orderId } = card;
    const reference = formatReference(card);
    if (orderId !== null) this.#names.set(reference, `${profileId}/${orderId}`);
    else if (!this.#names.has(reference)) await this.learn(reference);
  }

  shorten(text: string): string {
    return shortenReferences(text, this.#names);
  }
}
