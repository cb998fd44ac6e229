import { type RunCard, type RunRecord, unstartedCard } from '../../domain/run.ts';
import { redact } from '../../domain/text/redaction.ts';
import { addUp, type RunTotals } from './run-totals.ts';

/** Adds up a run for its reports. @param cards reads its stored cards, in the order of their numbers */
export async function readReport(
  run: RunRecord,
  { cards, secrets }: Pick<RunReport, 'cards' | 'secrets'>,
): Promise<RunReport> {
  return { run, totals: await addUp(run, cards()), cards, secrets };
}

/** The data of reports, which are only records of a run. */
export interface RunReport {
  run: RunRecord;
  totals: RunTotals;
  /** Reads the cards from the journal, in the order of their numbers. Reports read them several times. */
  cards: () => AsyncIterable<RunCard>;
  /** Secrets that this process knows. */
  secrets: readonly string[];
}

/** Redacts known secrets, and text that looks like one. All reports use it. */
export function withoutSecrets(report: RunReport): RunReport {
  const { secrets } = report;
  const clean = <T>(value: T): T =>
    JSON.parse(JSON.stringify(value), (_, inner) =>
      typeof inner === 'string' ? redact(inner, secrets) : inner,
    );
  return {
    secrets,
    run: clean(report.run),
    totals: clean(report.totals),
    cards: async function* () {
      for await (const card of report.cards()) yield clean(card);
    },
  };
}

/**
 * Yields all cards of a run, including those that an interrupted run did not reach and the journal does not have.
 * @param cards the stored cards, in the order of their numbers
 */
export async function* everyCard(
  cards: AsyncIterable<RunCard>,
  run: Pick<RunRecord, 'cards'>,
): AsyncGenerator<RunCard> {
  let next = 1;
  for await (const card of cards) {
    for (; next < card.number; next += 1) yield unstartedCard(next);
    yield card;
    next = card.number + 1;
  }
  for (; next <= run.cards; next += 1) yield unstartedCard(next);
}
