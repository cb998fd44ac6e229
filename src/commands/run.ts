import { Args, Flags } from '@oclif/core';
import { missingKioskFlags } from '../cards/listed-kiosk.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { githubActions } from '../cli/settings/paths.ts';
import { actFlags, quietFlag, waitFlags } from '../input/flags.ts';
import { everyRunCard } from '../journal/run-cards.ts';
import type { Result } from '../output/result.ts';
import { prepareRun } from '../runs/prepare-run.ts';
import { readReport } from '../runs/reports/read-report.ts';
import { reportFlags, toReports } from '../runs/reports/report-flags.ts';
import { publish } from '../runs/reports/write-report.ts';
import { runFlags, toWantedRun } from '../runs/run-flags.ts';
import { resumeRun, startRun } from '../runs/run-scenario.ts';
import { endedBy, runResult } from '../runs/run-views.ts';

export default class Run extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Run a scenario, for one card or many, with a report.';
  static override description =
    `A scenario is built in (see kioskctl scenario list) or a file. It is validated for every card before anything is sent. The run is stored in
the journal: if it is interrupted, --resume continues it, and nothing is ordered or produced twice. A request that was certainly
not accepted is sent once more. Outside production, the orders of the run are cancelled at its end. On GitHub Actions, the
step gets a summary and annotations.

Exits with 0 if every expectation was met, with the code of the step that failed, or with 11 if only expectations were not
met.`;
  static override examples = [
    { description: 'Run a built-in scenario.', command: 'kioskctl run happy-path' },
    {
      description: 'Run it for 20 cards, with reports for people and CI.',
      command: 'kioskctl run hopper-door --cards 20 --report html=report.html --report junit=junit.xml',
    },
    {
      description: 'Run your own scenario with a row of data per card.',
      command: 'kioskctl run smoke.yaml --data cards.csv --concurrency 8 --limit-rps 50 --json',
    },
    {
      description: 'Set a variable and a kiosk, and keep the orders.',
      command: 'kioskctl run flow.yaml --var code=PRT_RIBBON_ENDED --kiosk WIS00002 --keep',
    },
    {
      description: 'Continue an interrupted run.',
      command: 'kioskctl run --resume 20261122-152350-3f9a1c07',
    },
  ];
  static override args = {
    scenario: Args.string({
      ignoreStdin: true,
      description: 'Built-in scenario, or a YAML or JSON file.',
    }),
  };
  static override flags = {
    ...runFlags,
    ...reportFlags,
    'no-annotations': Flags.boolean({
      helpGroup: 'ADVANCED',
      summary: 'Write no annotations and no step summary on GitHub Actions.',
    }),
    ...waitFlags,
    timeout: Flags.string({
      helpGroup: 'WAITING',
      summary: 'Maximum time for a step without its own timeout (default 10m).',
      helpValue: '90s',
    }),
    ...actFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Run);
    const wanted = toWantedRun(args.scenario, flags);
    const targets = toReports(flags);
    const isAllowed = flags['allow-unlisted-kiosk'];
    const ctx = await this.context(flags, 'writes', (context) =>
      (flags.kiosk ?? []).flatMap((kioskId) => missingKioskFlags(context, kioskId, isAllowed)).slice(0, 1),
    );
    const { plan, ...prepared } = await prepareRun(ctx, wanted, { root: this.config.root });
    for (const target of targets) await ctx.files.requireWritable(target.file);
    const run =
      prepared.kind === 'new'
        ? await startRun(ctx, prepared.run, plan)
        : await resumeRun(ctx, prepared.run, plan);
    const cards = () => everyRunCard(ctx.journal, run.id);
    const interruption = this.interruptions()[0] ?? null;
    const report = endedBy(await readReport(run, { cards, secrets: ctx.secrets }), interruption);
    const github = flags['no-annotations'] ? null : githubActions();
    const reportErrors = await publish(report, {
      targets,
      files: ctx.files,
      github,
      say: (line) => this.io.err(line),
      warn: (text) => ctx.report.warn(text),
    });
    return runResult(report, { interruption, reportErrors });
  }
}
