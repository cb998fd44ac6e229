import { orders } from '../cards/api-lists.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { formatReference } from '../domain/ids.ts';
import { DEFAULT_LIMIT, limitFlag, quietFlag, tableFlags } from '../input/flags.ts';
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
  static override flags = { ...limitFlag, ...quietFlag, ...tableFlags };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Orders);
    const { limit = DEFAULT_LIMIT } = flags;
    const ctx = await this.context(flags);
    const list = await orders(ctx, limit);
    return listResult(
      [
        ['Order', 'orderId'],
        ['Status', 'orderStatus'],
        ['Card', (order) => (order.cardToken === null ? null : formatReference(order)), 1],
        ['Delivery', 'deliveryOption', 2],
        ['Created', timeIn('createdAt'), 3],
      ],
      list,
      {
        document: { profileId: ctx.profileId, orders: list },
        reference: ({ profileId, orderId, cardToken }) => `${profileId}/${cardToken ?? orderId}`,
      },
    );
  }
}
