import { Flags } from '@oclif/core';
import { order, prepareOrder } from '../cards/order.ts';
import { orderFlags, toOrderOptions } from '../cards/order-input.ts';
import { CardCommand } from '../cli/card-command.ts';
import { printableJson } from '../domain/text/terminal-text.ts';
import { actFlags, quietFlag, waitFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';

export default class Order extends CardCommand {
  static override effect = 'writes' as const;
  static override summary = 'Order a card for collection at a kiosk.';
  static override description =
    `Validates the program and the address first. Each call is a new order. Its idempotency key is shown before the order is sent;
the same key with the same data never orders twice. In local, a sample cardholder replaces missing data.`;
  static override examples = [
    { description: 'Order a sample card in the embedded sandbox.', command: 'kioskctl order' },
    {
      description: 'Order with the data of a file, and wait until the card can be produced.',
      command: 'kioskctl order --from card.yaml --wait --json',
    },
    {
      description: 'Order with flags.',
      command:
        "kioskctl order --cardholder 'Ada Example' --first-line '1 High Street' --city London --post-code 'E1 6JJ' --country GB --phone +441234567890",
    },
    {
      description: 'Order again with the data of an earlier order, and a key of your own.',
      command: 'kioskctl order --like 1001/501 --idempotency-key ticket-4711',
    },
  ];
  static override flags = {
    ...orderFlags,
    'dry-run': Flags.boolean({ summary: 'Show the request without sending it.' }),
    wait: Flags.boolean({ helpGroup: 'WAITING', summary: 'Wait until the card is ready.' }),
    ...waitFlags,
    ...actFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Order);
    const options = await toOrderOptions(flags, this.files);
    const ctx = await this.context(flags, flags['dry-run'] ? 'reads' : 'writes');
    if (!flags['dry-run']) return this.results([await order(ctx, options)], { shape: 'card' });
    const prepared = await prepareOrder(ctx, options);
    return {
      exitCode: 0,
      document: { profileId: prepared.profileId, request: prepared.order },
      text: () => `${printableJson(prepared.order, 2)}\n`,
    };
  }
}
