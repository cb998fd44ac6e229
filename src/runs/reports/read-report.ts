import type { Context } from '../../context/context.ts';
import type { RunRecord } from '../../domain/run.ts';
import { keptCards } from './kept-cards.ts';
import type { RunReport } from './report.ts';
import { addUp } from './run-totals.ts';

/** A run as the journal has it, ready to be reported. */
export async function readReport(
  ctx: Context,
  run: RunRecord,
  secrets: readonly string[],
): Promise<RunReport> {
  const cards = () => keptCards(ctx, run.id);
  return { run, totals: await addUp(run, cards()), cards, secrets };
}
