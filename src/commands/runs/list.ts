import { BaseCommand } from '../../cli/base-command.ts';
import { limitFlag, toLimit } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { listRuns } from '../../runs/list-runs.ts';
import { toRunDocument } from '../../runs/reports/run-document.ts';
import { renderRuns } from '../../runs/run-views.ts';

export default class RunsList extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'The runs that the journal keeps, newest first.';
  static override description = `Of this environment, by every context of it. Nothing is asked of the API.`;
  static override examples = [
    '<%= config.bin %> runs list',
    '<%= config.bin %> runs list --limit 5 --json',
    '<%= config.bin %> runs list --quiet',
  ];
  static override flags = limitFlag;

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(RunsList);
    const limit = toLimit(flags.limit);
    const ctx = await this.context(flags);
    const runs = await listRuns(ctx, limit);
    return {
      exitCode: 0,
      document: { runs: runs.map(({ isRunning, ...run }) => ({ ...toRunDocument(run), isRunning })) },
      references: runs.map(({ id }) => id),
      text: async (style) => renderRuns(runs, style),
    };
  }
}
