import { missingKioskFlags, requireListed } from '../cards/listed-kiosk.ts';
import { retry } from '../cards/retry.ts';
import { CardCommand } from '../cli/card-command.ts';
import { formatReference } from '../domain/ids.ts';
import { actFlags, optionalCardArgs, quietFlag, runbookFlag, tableFlags, waitFlags } from '../input/flags.ts';
import { followFlags, toProduceOptions } from '../input/produce-flags.ts';
import { chooseFailed } from '../kiosks/kiosk-cards.ts';
import { warnOfUndocumented } from '../kiosks/kiosk-flags.ts';
import {
  isOpenChoice,
  missingApprovals,
  retryFlags,
  selectAt,
  toPlanOptions,
  toRetrySelection,
} from '../kiosks/retry-flags.ts';
import { type PlannedRetries, retrySelection } from '../kiosks/retry-selection.ts';
import { plannedRetry, renderPlan, selectedRetry } from '../kiosks/retry-views.ts';
import type { Result } from '../output/result.ts';
import { detachedRetry } from '../plans/plan-views.ts';

export default class Retry extends CardCommand {
  static override effect = 'writes' as const;
  static override summary = 'Produce failed or refused cards again, after the fix.';
  static override description =
    `Some errors can be retried immediately, most need a fix first (kioskctl shows it and asks whether it is done). After some, the
request may have been accepted, so kioskctl checks the card first. A card is sent to the kiosk of the failed attempt, unless
--to-kiosk is set.

To return a kiosk to service, use kiosk recover ID: it leads you through the same plan, with the same flags.

With --kiosk, selects all cards of the journal that failed there. kioskctl shows the plan and asks for approval, produces one
card and waits for its result, then produces the others, oldest first, one at a time per kiosk. If it is interrupted, run
the same command again to continue.

With --detach, a running server (serve --accept-plans) carries the approved plan out, and the command ends (docs/control-room.md).

Without CARD and --kiosk, a terminal lists the failed cards to choose from.`;
  static override examples = [
    { description: 'Retry a card and wait for the result.', command: 'kioskctl retry 1001/501 --wait' },
    {
      description: 'Retry two cards in a script.',
      command: 'kioskctl retry 1001/501 1001/502 --yes --wait --json',
    },
    {
      description: 'Send a failed card to another kiosk.',
      command: 'kioskctl retry 1001/501 --to-kiosk WIS00002',
    },
    {
      description: 'Show which failed cards a kiosk has.',
      command: 'kioskctl retry --kiosk WIS00001 --dry-run',
    },
    {
      description: 'Retry the cards that failed with one code.',
      command: 'kioskctl retry --kiosk WIS00001 --error-code PRD_HOPPER_DOOR --reason "door closed"',
    },
    {
      description: 'Retry up to 20 cards at two kiosks in a script.',
      command: 'kioskctl retry --kiosk WIS00001 --kiosk WIS00002 --limit 20 --yes --attended --json',
    },
    {
      description: 'Hand the approved plan over to a server.',
      command: 'kioskctl retry --kiosk WIS00001 --detach --reason "door closed"',
    },
  ];
  static override args = optionalCardArgs;
  static override flags = {
    ...retryFlags,
    ...tableFlags,
    ...runbookFlag,
    ...followFlags,
    ...waitFlags,
    ...actFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Retry);
    const { card: named = [] } = args;
    const isOpen = isOpenChoice(flags, named) && this.io.isInteractive && !flags['no-input'];
    const producing = toProduceOptions(flags);
    const plan = toPlanOptions(flags);
    const { isDryRun, isUnlistedAllowed } = plan;
    const { 'to-kiosk': toKiosk = null } = flags;
    const given = isOpen ? null : toRetrySelection(flags, named);
    const effect = isDryRun ? 'reads' : producing.simulation ? 'sandbox-only' : 'writes';
    const ctx = await this.context(flags, effect, (context) =>
      given ? missingApprovals(context, flags) : missingKioskFlags(context, toKiosk, isUnlistedAllowed),
    );
    const chosen = isOpen ? await chooseFailed(ctx) : null;
    const selection = chosen && 'kioskId' in chosen ? selectAt([chosen.kioskId], flags) : given;
    const cards = chosen && 'card' in chosen ? [formatReference(chosen.card)] : named;
    if (selection) {
      warnOfUndocumented(ctx, selection.errorCodes);
      const describe = async (retry: PlannedRetries) =>
        this.message(async (style) => renderPlan(retry, style));
      const detach = await this.detach(ctx, 'retry', flags);
      const done = await retrySelection(ctx, selection, { ...plan, describe, ...producing, detach });
      if (detach && !isDryRun) return detachedRetry(done, ctx.invocation);
      return isDryRun ? plannedRetry(done) : selectedRetry(done, this.ending());
    }
    await requireListed(ctx, toKiosk, isUnlistedAllowed);
    const { targets, shape } = await this.cards(ctx, cards);
    const options = { targets, toKiosk, abandon: flags.abandon, ...producing };
    return this.results(await retry(ctx, options), { shape });
  }
}
