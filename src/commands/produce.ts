import { requireListed, unlistedFlag } from '../cards/listed-kiosk.ts';
import { missingDestination, produce } from '../cards/produce.ts';
import { CardCommand } from '../cli/card-command.ts';
import { actFlags, cardArgs, kioskFlag, quietFlag, waitFlags } from '../input/flags.ts';
import { followFlags, toProduceOptions } from '../input/produce-flags.ts';
import type { Result } from '../output/result.ts';

export default class Produce extends CardCommand {
  static override effect = 'writes' as const;
  static override kioskFlag = 'destination' as const;
  static override summary = 'Send cards to a kiosk, once each.';
  static override description =
    `Checks each card, records the attempt, then sends the card once. It is never resent automatically.
A card that is already in progress on that kiosk, or already produced, is not changed (exit 0). A failed card is refused: use
retry.`;
  static override examples = [
    {
      description: 'Produce a card and wait for the result.',
      command: 'kioskctl produce 1001/501 --kiosk WIS00001 --wait',
    },
    {
      description: 'Order, wait and produce in one line.',
      command:
        'kioskctl order --json | kioskctl wait-ready - --json | kioskctl produce - --kiosk WIS00001 --json',
    },
    {
      description: 'Produce a card that fails (sandbox only).',
      command: 'kioskctl produce 1001/501 --kiosk WIS00001 --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR',
    },
  ];
  static override args = cardArgs;
  static override flags = {
    kiosk: kioskFlag({
      summary: 'Kiosk to use (default: KIOSKCTL_KIOSK, or that of the context).',
      helpValue: 'ID',
    }),
    ...unlistedFlag,
    ...followFlags,
    ...waitFlags,
    ...actFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Produce);
    const options = toProduceOptions(flags);
    const { 'allow-unlisted-kiosk': isAllowed } = flags;
    const effect = options.simulation ? 'sandbox-only' : 'writes';
    const ctx = await this.context(flags, effect, (context) => missingDestination(context, isAllowed));
    await requireListed(ctx, ctx.invocation.kioskId, isAllowed);
    const { targets, shape } = await this.cards(ctx, args.card);
    return this.results(await produce(ctx, { targets, kioskId: ctx.invocation.kioskId, ...options }), {
      shape,
    });
  }
}
