import { printableJson } from '../../domain/text/terminal-text.ts';
import { makeDocument } from '../../output/document.ts';
import { everyCard, type RunReport } from './read-report.ts';
import { toRunCardDocument, toRunDocument, toTotalsDocument } from './run-document.ts';

/** A run as one JSON document, a card a line. */
export async function* json({ run, totals, cards }: RunReport): AsyncGenerator<string> {
  const { context, environment } = run;
  const head = makeDocument(
    { command: 'run', context, environment, exitCode: totals.exitCode },
    { run: toRunDocument(run), totals: toTotalsDocument(totals, run) },
  );
  yield `${printableJson(head).slice(0, -1)},"cards":[`;
  let separator = '\n';
  for await (const card of everyCard(cards(), run)) {
    yield separator + printableJson(toRunCardDocument(card));
    separator = ',\n';
  }
  yield '\n]}\n';
}
