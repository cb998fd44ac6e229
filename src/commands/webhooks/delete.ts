import { BaseCommand } from '../../cli/base-command.ts';
import { deleteWebhook } from '../../events/subscriptions.ts';
import { actFlags, quietFlagFor, subscriptionArgs } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { parseSubscriptionId } from '../../wire/subscriptions.ts';

export default class WebhooksDelete extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Delete a webhook subscription.';
  static override examples = [
    {
      description: 'Delete a subscription.',
      command: 'kioskctl webhooks delete 72195556-e5cb-495e-a010-b37a4f2a3043',
    },
    {
      description: 'Delete it in a script.',
      command: 'kioskctl webhooks delete 72195556-e5cb-495e-a010-b37a4f2a3043 --json',
    },
  ];
  static override args = subscriptionArgs;
  static override flags = { ...actFlags, ...quietFlagFor('ids of subscriptions') };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(WebhooksDelete);
    const id = parseSubscriptionId(args.id);
    await deleteWebhook(await this.context(flags), id);
    return {
      exitCode: 0,
      document: { subscriptionId: id, deleted: true },
      references: [id],
      text: (style) => `${style.good('✓')} Subscription ${id} is deleted.\n`,
    };
  }
}
