import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { actFlags, quietFlag, waitFlags } from '../cli/input/flags.ts';
import { prepareRun } from '../cli/input/prepare-run.ts';
import { runFlags, toWantedRun } from '../cli/input/run-options.ts';
import type { Result } from '../cli/output/result.ts';
import { resumeRun, startRun } from '../workflows/runs/run-scenario.ts';

export default class Run extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Carry out a scenario, for one card or many, with a report.';
  static override description =
    `A scenario is a built-in one (kioskctl scenarios lists them) or a file. Everything in it is checked for every card
before anything is sent. The run is kept in the journal: stopped anywhere, --resume goes on where it was, and nothing is
ordered or produced twice. At its end, outside of production, the orders that it made are cancelled.

Ends with 0 when every expectation held, with 11 when one did not, otherwise with the code of the step that failed.`;
  static override examples = [
    '<%= config.bin %> run happy-path',
    '<%= config.bin %> run hopper-door --cards 20 --report html=report.html --report junit=junit.xml',
    '<%= config.bin %> run smoke.yaml --data cards.csv --concurrency 8 --limit-rps 50 --json',
    '<%= config.bin %> run flow.yaml --var code=PRT_RIBBON_ENDED --kiosk WIS00002 --keep',
    '<%= config.bin %> run --resume 20261122-152350-k3f9',
  ];
  static override args = {
    scenario: Args.string({
      ignoreStdin: true,
      description: 'A built-in scenario, or a file in YAML or JSON.',
    }),
  };
  static override flags = { ...runFlags, ...waitFlags, ...actFlags, ...quietFlag };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Run);
    const wanted = toWantedRun(args.scenario, flags);
    const ctx = await this.context({ ...flags, kiosk: undefined });
    const { plan, ...prepared } = await prepareRun(ctx, wanted, { root: this.config.root });
    const run =
      prepared.kind === 'new'
        ? await startRun(ctx, prepared.run, plan)
        : await resumeRun(ctx, prepared.run, plan);
    return { exitCode: run.exitCode ?? 1, document: { run }, text: () => JSON.stringify(run, null, 1) };
  }
}
