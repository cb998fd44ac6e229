import type { RunCard, RunRecord } from '../../domain/run.ts';
import { redact } from '../../domain/text/redaction.ts';
import type { RunTotals } from './run-totals.ts';

/** What reports are made of: the records of a run, and nothing else. */
export interface RunReport {
  run: RunRecord;
  totals: RunTotals;
  /** The cards from the journal, in the order of their numbers; reports go through them more than once. */
  cards: () => AsyncIterable<RunCard>;
  /** Those that this process knows. */
  secrets: readonly string[];
}

/** The same without secrets: those that are known, and whatever looks like one. Each way out of this room goes through it. */
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
