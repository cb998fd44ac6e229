import { BaseCommand } from '../../cli/base-command.ts';
import { webhooksResult } from '../../events/event-views.ts';
import { listWebhooks } from '../../events/subscriptions.ts';
import { quietFlag } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';

export default class WebhooksList extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = "The application's subscriptions to events.";
  static override examples = [
    '<%= config.bin %> webhooks list',
    '<%= config.bin %> webhooks list --environment sandbox --json',
    '<%= config.bin %> webhooks list --quiet | xargs -n 1 <%= config.bin %> webhooks delete',
  ];
  static override flags = quietFlag;

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(WebhooksList);
    const ctx = await this.context(flags);
    return webhooksResult(await listWebhooks(ctx));
  }
}
