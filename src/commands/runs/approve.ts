import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { planTermsOf } from '../../cli/open-client.ts';
import { START_WITHIN_MS } from '../../detached/plan.ts';
import { actFlags, startWithinFlag } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { changedPlan } from '../../plans/plan-views.ts';
import { approveStoredPlan } from '../../plans/stored-plans.ts';

export default class RunsApprove extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Approve a detached plan that paused.';
  static override description =
    `A plan pauses if its server ended and no other one continued within a minute, if the journal was away for over a minute, or if
it could not be continued. After the approval, a server continues with the cards that are left: the next card of each kiosk is its canary again.`;
  static override examples = [
    { description: 'Approve a plan.', command: 'kioskctl runs approve 20261122-152350-3f9a1c07' },
    {
      description: 'Approve it in a script.',
      command: 'kioskctl runs approve 20261122-152350-3f9a1c07 --yes --attended --reason "server is back"',
    },
  ];
  static override args = {
    run: Args.string({ required: true, ignoreStdin: true, description: 'Id of the plan.' }),
  };
  static override flags = {
    attended: Flags.boolean({
      summary: 'Confirm that someone collects the cards (prompted for on a terminal).',
    }),
    'start-within': startWithinFlag({
      helpGroup: 'ADVANCED',
      summary: 'Maximum time until a server continues the plan (default 15m).',
      helpValue: '15m',
    }),
    ...actFlags,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(RunsApprove);
    const { attended: isAttended, 'start-within': startWithin = START_WITHIN_MS } = flags;
    const ctx = await this.context(flags, RunsApprove.effect, () => [
      ...(isAttended ? [] : ['--attended']),
      ...(flags.yes ? [] : ['--yes']),
    ]);
    const terms = await planTermsOf(this.opened);
    const approved = await approveStoredPlan(ctx, args.run, { isAttended, startWithin, terms });
    return changedPlan(approved, ctx.invocation);
  }
}
