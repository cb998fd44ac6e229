import { CardCommand } from '../../cli/card-command.ts';
import { actFlags, quietFlag, runbookFlag, tableFlags, waitFlags } from '../../input/flags.ts';
import { sendFlags, toProduceOptions } from '../../input/produce-flags.ts';
import { kioskArgs, warnOfUndocumented } from '../../kiosks/kiosk-flags.ts';
import { recover } from '../../kiosks/recover.ts';
import { REJECTED_FLAG } from '../../kiosks/rejected-cards.ts';
import {
  missingApprovals,
  recoverFlags,
  selectAt,
  toPlanOptions,
  toRejectedCards,
} from '../../kiosks/retry-flags.ts';
import { type PlannedRetries, retrySelection } from '../../kiosks/retry-selection.ts';
import { plannedRetry, recovered, renderPlan } from '../../kiosks/retry-views.ts';
import type { Result } from '../../output/result.ts';
import { detachedRecovery } from '../../plans/plan-views.ts';

export default class KioskRecover extends CardCommand {
  static override effect = 'writes' as const;
  static override summary = 'Return a kiosk to service, step by step.';
  static override description =
    `Checks the cards at the kiosk, shows what failed and how to fix it (catalogue and runbook), and asks whether the fix is done,
which rejected card was destroyed, and whether to end a hold. Then it shows the plan, asks whether someone collects the cards, and
produces one card first. The others follow once that card is produced.

With --detach, a running server (serve --accept-plans) carries the approved plan out, and the command ends: it can't be interrupted by
a laptop that sleeps (docs/control-room.md).

Nothing is stored, released or sent before you approve the plan. Meanwhile the kiosk is locked for other recoveries and retries.
In a script, answer with --yes --rejected --attended, and --release to end a hold. If it is interrupted, run the same command
again to continue.`;
  static override examples = [
    { description: 'Answer prompts for each step.', command: 'kioskctl kiosk recover WIS00001' },
    {
      description: 'Recover in a script: no rejected card, and someone collects the cards.',
      command: 'kioskctl kiosk recover WIS00001 --yes --rejected none --attended --json',
    },
    {
      description: 'Recover in a script: name the rejected card, and end the hold.',
      command:
        'kioskctl kiosk recover WIS00001 --yes --rejected 1001/501 --release --attended --reason "door closed"',
    },
    {
      description: 'Hand the approved plan over to a server.',
      command: 'kioskctl kiosk recover WIS00001 --detach --reason "door closed"',
    },
  ];
  static override args = kioskArgs;
  static override flags = {
    ...recoverFlags,
    ...tableFlags,
    ...runbookFlag,
    ...sendFlags,
    ...waitFlags,
    ...actFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(KioskRecover);
    const producing = toProduceOptions(flags);
    const rejected = toRejectedCards(flags.rejected);
    const selection = selectAt([args.kiosk], flags);
    const plan = toPlanOptions(flags);
    const effect = plan.isDryRun ? 'reads' : producing.simulation ? 'sandbox-only' : 'writes';
    const ctx = await this.context(flags, effect, (context) => [
      ...(rejected === null ? [REJECTED_FLAG] : []),
      ...missingApprovals(context, flags),
    ]);
    warnOfUndocumented(ctx, selection.errorCodes);
    const describe = async (retry: PlannedRetries) =>
      this.message(async (style) => renderPlan(retry, style, { hasCauses: true }));
    const options = { ...plan, ...producing, describe };
    if (plan.isDryRun) return plannedRetry(await retrySelection(ctx, selection, options));
    const detach = await this.detach(ctx, 'recover', flags);
    const recovery = await recover(ctx, selection, {
      ...options,
      rejected,
      isReleased: flags.release,
      detach,
    });
    return detach ? detachedRecovery(recovery, ctx.invocation) : recovered(recovery, this.ending());
  }
}
