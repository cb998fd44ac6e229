import { orders } from '../cards/api-lists.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { DEFAULT_LIMIT, limitFlag, quietFlag } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import { listResult, timeIn } from '../output/table.ts';

export default class Orders extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = "List the profile's card orders.";
  static override examples = [
    { description: 'List the orders.', command: 'kioskctl orders' },
    { description: 'Show the status of each order.', command: 'kioskctl orders --json | kioskctl status -' },
    { description: 'Print ten references.', command: 'kioskctl orders --limit 10 --quiet' },
  ];
  static override flags = { ...limitFlag, ...quietFlag };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Orders);
    const { limit = DEFAULT_LIMIT } = flags;
    const ctx = await this.context(flags);
    const list = await orders(ctx, limit);
    return listResult(
      [
        ['Order', 'orderId'],
        ['Status', 'orderStatus'],
        ['Card', 'cardToken'],
        ['Delivery', 'deliveryOption'],
        ['Created', timeIn('createdAt')],
      ],
      list,
      {
        document: { profileId: ctx.profileId, orders: list },
        reference: ({ profileId, orderId, cardToken }) => `${profileId}/${cardToken ?? orderId}`,
      },
    );
  }
}
