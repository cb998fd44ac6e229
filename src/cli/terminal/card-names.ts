import { shortenReferences, shortNames, tokenBeginnings } from '../../domain/ids.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Names } from '../../output/style.ts';

/** The short names of the cards that the journal knows. A card that it does not know keeps its whole token. */
export class CardNames implements Names {
  readonly #names = new Map<string, string>();
  #journal: (() => Pick<Journal, 'listCardsByPrefix'>) | null = null;

  /** Sets the journal that knows the cards. */
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
      // An unusable journal is reported where it is needed; whole tokens are right without it, too.
    }
  }

  shorten(text: string): string {
    return shortenReferences(text, this.#names);
  }
}
