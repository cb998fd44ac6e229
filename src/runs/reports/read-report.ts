import { type RunCard, type RunRecord, unstartedCard } from '../../domain/run.ts';
import { redact } from '../../domain/text/redaction.ts';
import { addUp, type RunTotals } from './run-totals.ts';

/** Computes the totals of a run. @param cards yields the stored cards by number */
export async function readReport(
  run: RunRecord,
  { cards, secrets }: Pick<RunReport, 'cards' | 'secrets'>,
): Promise<RunReport> {
  return { run, totals: await addUp(run, cards()), cards, secrets };
}

/** The input of all reports: the stored records of a run. */
export interface RunReport {
  run: RunRecord;
  totals: RunTotals;
  /** Yields the cards from the journal, by number. Reports call it several times. */
  cards: () => AsyncIterable<RunCard>;
  /** Secrets known to this process, to be redacted. */
  secrets: readonly string[];
}

/** Redacts secrets in a report: known ones, and text that looks like a secret. */
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
 * Yields all cards of a run, including those that an interrupted run did not start (they are not in the journal).
 * @param cards the stored cards, by number
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
