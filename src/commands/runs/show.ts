import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { setExitCode } from '../../cli/terminal/signals.ts';
import type { Context } from '../../context/context.ts';
import { failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { everyRunCard } from '../../journal/run-cards.ts';
import type { Result } from '../../output/result.ts';
import { endOfPlan, type PlanRow, shownPlan, toPlanRows } from '../../plans/plan-views.ts';
import { findStoredPlan, followPlan, type StoredPlan } from '../../plans/stored-plans.ts';
import { readReport } from '../../runs/reports/read-report.ts';
import { reportFlags, toReports } from '../../runs/reports/report-flags.ts';
import { writeReport } from '../../runs/reports/write-report.ts';
import { shownRun } from '../../runs/run-views.ts';
import { findRun } from '../../runs/stored-runs.ts';

export default class RunsShow extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Show a run or a detached plan with its results.';
  static override description =
    `With --report, writes the reports of a run again, without a request to the API.`;
  static override examples = [
    { description: 'Show a run.', command: 'kioskctl runs show 20261122-152350-3f9a1c07' },
    {
      description: 'Write its report as HTML.',
      command: 'kioskctl runs show 20261122-152350-3f9a1c07 --report html=report.html',
    },
    {
      description: 'Follow a detached plan.',
      command: 'kioskctl runs show 20261122-152350-3f9a1c07 --follow',
    },
    { description: 'Print it as JSON.', command: 'kioskctl runs show 20261122-152350-3f9a1c07 --json' },
  ];
  static override args = {
    run: Args.string({ required: true, ignoreStdin: true, description: 'Id of the run.' }),
  };
  static override flags = {
    ...reportFlags,
    follow: Flags.boolean({
      summary: 'Follow a detached plan until it ends, and exit with its code. Ctrl-C ends only this view.',
      exclusive: ['report'],
    }),
  };

  protected override async perform(): Promise<Result | null> {
    const { args, flags } = await this.parse(RunsShow);
    const targets = toReports(flags);
    const ctx = await this.context(flags);
    const plan = await findStoredPlan(ctx, args.run);
    if (plan) return this.#showPlan(ctx, plan, flags);
    const run = await findRun(ctx, args.run);
    if (flags.follow) throw notFollowed(args.run);
    const cards = () => everyRunCard(ctx.journal, run.id);
    const report = await readReport(run, { cards, secrets: ctx.secrets });
    for (const target of targets) await writeReport(target, { report, files: ctx.files });
    return shownRun(report);
  }

  async #showPlan(
    ctx: Context,
    stored: StoredPlan,
    { follow, report }: { follow: boolean; report?: unknown },
  ): Promise<Result | null> {
    if (report) throw failure('usage', 'A detached plan has no reports.', 'Print it as JSON.');
    const { invocation } = ctx;
    if (!follow) return shownPlan(stored, invocation);
    let last = stored;
    await this.watch<StoredPlan, PlanRow>(
      async (onChange, onRead) => {
        last = await followPlan(ctx, stored.plan.id, { onChange, onRead });
      },
      (seen) => ({
        rows: toPlanRows(seen),
        nameOf: ({ name }) => name,
        lineOf: ({ line }) => line,
        result: () => ({ ...shownPlan(seen, invocation), exitCode: endOfPlan(seen) }),
      }),
    );
    setExitCode(endOfPlan(last));
    return null;
  }
}

function notFollowed(id: string) {
  return failure('usage', `Run ${printable(id)} is no detached plan.`, 'Leave out --follow.');
}
