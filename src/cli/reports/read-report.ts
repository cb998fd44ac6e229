import type { RunRecord } from '../../domain/runs/run.ts';
import { addUp } from '../../domain/runs/run-totals.ts';
import type { Context } from '../../workflows/context.ts';
import { keptCards } from '../../workflows/runs/kept-cards.ts';
import type { RunReport } from './report.ts';

/** A run as the journal has it, ready to be reported. */
export async function readReport(
  ctx: Context,
  run: RunRecord,
  secrets: readonly string[],
): Promise<RunReport> {
  const cards = () => keptCards(ctx, run.id);
  return { run, totals: await addUp(run, cards()), cards, secrets };
}
