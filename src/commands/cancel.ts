import { cancel } from '../cards/cancel.ts';
import { CardCommand } from '../cli/card-command.ts';
import { actFlags, cardArgs, quietFlag, waitFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';

export default class Cancel extends CardCommand {
  static override effect = 'writes' as const;
  static override summary = 'Cancel card orders.';
  static override description =
    `Waits until each order reads CANCELLED. Cancelling an order that is no longer PLACED also blocks its card permanently;
kioskctl asks first (skip with --yes).`;
  static override examples = [
    { description: 'Cancel an order without a prompt.', command: 'kioskctl cancel 1001/501 --yes' },
    {
      description: 'Cancel two orders in a script.',
      command: 'kioskctl cancel 1001/501 1001/502 --yes --json',
    },
  ];
  static override args = cardArgs;
  static override flags = { ...waitFlags, ...actFlags, ...quietFlag };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Cancel);
    const ctx = await this.context(flags);
    const { targets, shape } = await this.cards(ctx, args.card);
    return this.results(await cancel(ctx, targets), { shape });
  }
}
