import type { RunCard } from '../domain/run.ts';
import type { Journal } from './journal.ts';

type Reader = Pick<Journal, 'listRunCards'>;

/** Number of cards per query, which limits memory use. */
const PAGE = 100;

/** Yields the stored cards of a run, by number. */
export async function* everyRunCard(journal: Reader, id: string): AsyncGenerator<RunCard> {
  for await (const page of pagesOfRunCards(journal, id)) yield* page;
}

export async function* pagesOfRunCards(journal: Reader, id: string): AsyncGenerator<RunCard[]> {
  for (let after = 0; ; ) {
    const page = await journal.listRunCards(id, { after, limit: PAGE });
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.number ?? after;
  }
}
