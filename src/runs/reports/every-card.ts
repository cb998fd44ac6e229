import type { RunCard, RunRecord } from '../../domain/run.ts';

/**
 * The cards of a run by their numbers, each of them: those that an interrupted run had not come to are not in the journal.
 * @param cards in the order of their numbers
 */
export async function* everyCard(
  cards: AsyncIterable<RunCard>,
  run: Pick<RunRecord, 'cards'>,
): AsyncGenerator<RunCard> {
  let next = 1;
  for await (const card of cards) {
    for (; next < card.number; next += 1) yield notStarted(next);
    yield card;
    next = card.number + 1;
  }
  for (; next <= run.cards; next += 1) yield notStarted(next);
}

function notStarted(number: number): RunCard {
  return {
    number,
    row: null,
    kioskId: null,
    outcome: 'not-started',
    exitCode: null,
    card: null,
    orders: [],
    stages: [],
    steps: [],
    startedAt: null,
    endedAt: null,
  };
}
