import { BaseCommand } from '../../cli/base-command.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { testWebhook } from '../../events/subscriptions.ts';
import { actFlags, quietFlagFor, subscriptionArgs } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { parseSubscriptionId } from '../../wire/subscriptions.ts';

export default class WebhooksTest extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Request a test notification from Wise.';
  static override description =
    `It is signed and delivered like any other event, marked as a test, and changes no card.
In local it is delivered as soon as the sandbox is being served.`;
  static override examples = [
    {
      description: 'Request a test notification.',
      command: 'kioskctl webhooks test 72195556-e5cb-495e-a010-b37a4f2a3043',
    },
    {
      description: 'Request it in a script.',
      command: 'kioskctl webhooks test 72195556-e5cb-495e-a010-b37a4f2a3043 --json',
    },
  ];
  static override args = subscriptionArgs;
  static override flags = { ...actFlags, ...quietFlagFor('ids of subscriptions') };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(WebhooksTest);
    const id = parseSubscriptionId(args.id);
    const deliveryIds = await testWebhook(await this.context(flags), id);
    return {
      exitCode: 0,
      document: { subscriptionId: id, deliveryIds },
      references: deliveryIds,
      text: (style) =>
        deliveryIds
          .map((one) => `${style.good('✓')} Test notification requested: delivery ${printable(one)}\n`)
          .join(''),
    };
  }
}
