import { produce } from '../cards/produce.ts';
import { BaseCommand } from '../cli/base-command.ts';
import {
  actFlags,
  cardArgs,
  followFlags,
  kioskFlag,
  quietFlag,
  toProduceOptions,
  waitFlags,
} from '../input/flags.ts';
import type { Result } from '../output/result.ts';

export default class Produce extends BaseCommand {
  static override effect = 'writes' as const;
  static override kioskFlag = 'destination' as const;
  static override summary = 'Send cards to a kiosk, each once.';
  static override description =
    `Reads each card right before, records the attempt, sends it, and never sends it again by itself.
A card that is being produced on that kiosk already, or is produced, is left as it is (exit 0). A card whose production
failed is not produced but retried.`;
  static override examples = [
    '<%= config.bin %> produce 1001/501 --kiosk WIS00001 --wait',
    '<%= config.bin %> order --json | <%= config.bin %> wait-ready - --json | <%= config.bin %> produce - --kiosk WIS00001 --json',
    '<%= config.bin %> produce 1001/501 --kiosk WIS00001 --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR',
  ];
  static override args = cardArgs;
  static override flags = {
    kiosk: kioskFlag({
      summary: 'The kiosk (or KIOSKCTL_KIOSK, or that of the context).',
      helpValue: 'ID',
    }),
    ...followFlags,
    ...waitFlags,
    ...actFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Produce);
    const options = toProduceOptions(flags);
    const ctx = await this.context(flags, options.simulation ? 'sandbox-only' : 'writes');
    const { targets, shape } = await this.cards(ctx, args.card);
    return this.results(await produce(ctx, { targets, kioskId: ctx.invocation.kioskId, ...options }), {
      shape,
    });
  }
}
