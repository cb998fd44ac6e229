import { BaseCommand } from '../../cli/base-command.ts';
import { webhooksResult } from '../../events/event-views.ts';
import { listWebhooks } from '../../events/subscriptions.ts';
import { quietFlagFor, tableFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';

export default class WebhooksList extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'List webhook subscriptions.';
  static override examples = [
    { description: 'List the subscriptions.', command: 'kioskctl webhooks list' },
    {
      description: 'List those of the sandbox as JSON.',
      command: 'kioskctl webhooks list --environment sandbox --json',
    },
    {
      description: 'Delete all of them.',
      command: 'kioskctl webhooks list --quiet | xargs -n 1 kioskctl webhooks delete',
    },
  ];
  static override flags = { ...quietFlagFor('ids of subscriptions'), ...tableFlags };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(WebhooksList);
    const ctx = await this.context(flags);
    return webhooksResult(await listWebhooks(ctx));
  }
}
