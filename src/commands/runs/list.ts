import { BaseCommand } from '../../cli/base-command.ts';
import { commandLine } from '../../domain/next-command.ts';
import { DEFAULT_LIMIT, limitFlag, tableFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import type { Style } from '../../output/style.ts';
import { listResult, timeIn } from '../../output/table.ts';
import { toRunDocument } from '../../runs/reports/json.ts';
import { type ListedRun, listRuns } from '../../runs/stored-runs.ts';

export default class RunsList extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'List runs, newest first.';
  static override description =
    `Lists the runs of this environment, from every context, without a request to the API.`;
  static override examples = [
    { description: 'List the runs.', command: 'kioskctl runs list' },
    { description: 'List the last five as JSON.', command: 'kioskctl runs list --limit 5 --json' },
    { description: 'Print only their ids.', command: 'kioskctl runs list --quiet' },
  ];
  static override flags = { ...limitFlag, ...tableFlags };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(RunsList);
    const { limit = DEFAULT_LIMIT } = flags;
    const ctx = await this.context(flags);
    const { runs, total } = await listRuns(ctx, limit);
    return listResult(
      [
        ['Run', 'id'],
        ['Scenario', 'scenario'],
        ['Started', timeIn('startedAt'), 4],
        ['Cards', 'cards', 3],
        ['Context', 'context', 2],
        ['By', ({ user, host }) => `${user}@${host}`, 1],
        ['Outcome', { styled: outcomeOf }],
      ],
      runs,
      {
        document: { runs: runs.map(({ isRunning, ...run }) => ({ ...toRunDocument(run), isRunning })) },
        reference: ({ id }) => id,
        empty: `No runs. Start one: ${commandLine(['run', 'happy-path'], ctx.invocation)}\n`,
        total,
      },
    );
  }
}

function outcomeOf({ endedAt, exitCode, isRunning }: ListedRun, style: Style): string {
  if (isRunning) return style.warning('running');
  if (endedAt === null) return style.warning('interrupted');
  return exitCode === 0 ? style.good('passed') : style.bad(`exit ${exitCode}`);
}
