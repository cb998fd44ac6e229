import { localTime } from '../output/local-time.ts';
import type { Style } from '../output/style.ts';
import { plainRow, renderTable } from '../output/table.ts';
import type { ListedRun } from './list-runs.ts';

/** Runs as a table. */
export async function renderRuns(runs: readonly ListedRun[], style: Style): Promise<string> {
  if (runs.length === 0) return 'No runs. Begin one: kioskctl run happy-path\n';
  const rows = runs.map((run) => {
    const { id, scenario, startedAt, cards, context, user, host } = run;
    const cells = [id, scenario, localTime(startedAt), cards, context, `${user}@${host}`];
    return [...plainRow(cells), outcomeOf(run, style)];
  });
  return renderTable(['Run', 'Scenario', 'Started', 'Cards', 'Context', 'By', 'Outcome'], rows);
}

function outcomeOf({ endedAt, exitCode, isRunning }: ListedRun, style: Style): string {
  if (isRunning) return style.warning('running');
  if (endedAt === null) return style.warning('interrupted');
  return exitCode === 0 ? style.good('passed') : style.bad(`exit ${exitCode}`);
}
