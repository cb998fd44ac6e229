import { orders } from '../cards/api-lists.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { DEFAULT_LIMIT, limitFlag, quietFlag } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import { listResult, timeIn } from '../output/table.ts';

export default class Orders extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = "The profile's card orders, without the data of cardholders.";
  static override examples = [
    '<%= config.bin %> orders',
    '<%= config.bin %> orders --json | <%= config.bin %> status -',
    '<%= config.bin %> orders --limit 10 --quiet',
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
