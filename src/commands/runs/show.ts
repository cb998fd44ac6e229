import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { everyRunCard } from '../../journal/run-cards.ts';
import type { Result } from '../../output/result.ts';
import { readReport } from '../../runs/reports/read-report.ts';
import { reportFlags, toReports } from '../../runs/reports/report-flags.ts';
import { writeReport } from '../../runs/reports/write-report.ts';
import { shownRun } from '../../runs/run-views.ts';
import { findRun } from '../../runs/stored-runs.ts';

export default class RunsShow extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Show a run with its steps and results.';
  static override description = `Can also write the reports again, without a request to the API.`;
  static override examples = [
    { description: 'Show a run.', command: 'kioskctl runs show 20261122-152350-3f9a1c07' },
    {
      description: 'Write its report as HTML.',
      command: 'kioskctl runs show 20261122-152350-3f9a1c07 --report html=report.html',
    },
    { description: 'Print it as JSON.', command: 'kioskctl runs show 20261122-152350-3f9a1c07 --json' },
  ];
  static override args = {
    run: Args.string({ required: true, ignoreStdin: true, description: 'Id of the run.' }),
  };
  static override flags = reportFlags;

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(RunsShow);
    const targets = toReports(flags);
    const ctx = await this.context(flags);
    const run = await findRun(ctx, args.run);
    const cards = () => everyRunCard(ctx.journal, run.id);
    const report = await readReport(run, { cards, secrets: ctx.secrets });
    for (const target of targets) await writeReport(target, { report, files: ctx.files });
    return shownRun(report);
  }
}
