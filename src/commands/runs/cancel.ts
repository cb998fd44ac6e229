import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { actFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { changedPlan } from '../../plans/plan-views.ts';
import { cancelStoredPlan } from '../../plans/stored-plans.ts';

export default class RunsCancel extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Cancel a detached plan: nothing more is sent for it.';
  static override description =
    `Stops a plan of retry --detach or kiosk recover --detach, whichever server carries it out. A card that is in its kiosk continues.
Needs a reason, and no confirmation in production, because it only protects. A plan that was cancelled already does not
change (exit 0, changed: false); one that has ended is 9, and so is a run of a scenario.`;
  static override examples = [
    {
      description: 'Cancel a plan.',
      command: 'kioskctl runs cancel 20261122-152350-3f9a1c07 --reason "smoke at the kiosk"',
    },
  ];
  static override args = {
    run: Args.string({ required: true, ignoreStdin: true, description: 'Id of the plan.' }),
  };
  static override flags = {
    reason: { ...actFlags.reason, summary: 'Reason, stored in the journal. Always required.' },
    'no-input': actFlags['no-input'],
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(RunsCancel);
    const ctx = await this.context(flags);
    return changedPlan(await cancelStoredPlan(ctx, args.run), ctx.invocation);
  }
}
