import { Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { webhooksResult } from '../../events/event-views.ts';
import { createWebhooks } from '../../events/subscriptions.ts';
import { actFlags, quietFlag, tableFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';

export default class WebhooksCreate extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Subscribe a URL to production and order events.';
  static override description =
    `Needs KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET. The vendor sends events to https at a domain name, on port 443, with a certificate that a CA has signed, and without a query; local sends them to this machine as well.
First it sends a test notification to the URL, which must be answered 2xx within 5 seconds: start listen, and the gateway in front of it, before.
Subscriptions that are there already stay as they are.`;
  static override examples = [
    {
      description: 'Subscribe a URL.',
      command: 'kioskctl webhooks create --url https://hooks.bank.example/kiosk',
    },
    {
      description: 'Subscribe it under a name.',
      command:
        'kioskctl webhooks create --url https://hooks.bank.example/kiosk --name "Kiosks, on call" --json',
    },
    {
      description: 'Subscribe a receiver in the embedded sandbox.',
      command: 'kioskctl webhooks create --url http://127.0.0.1:8788/webhooks --context local',
    },
  ];
  static override flags = {
    url: Flags.string({ summary: 'Where the events go.', helpValue: 'URL', required: true }),
    name: Flags.string({ summary: 'How the vendor lists it (default kioskctl).', helpValue: 'TEXT' }),
    'schema-version': Flags.string({
      summary: 'Of the events: 4.0.0 has milliseconds (default), 2.0.0 whole seconds.',
      options: ['2.0.0', '4.0.0'],
    }),
    ...actFlags,
    ...tableFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(WebhooksCreate);
    const ctx = await this.context(flags);
    const { subscriptions, changed } = await createWebhooks(ctx, {
      url: flags.url,
      name: flags.name?.trim() || 'kioskctl',
      version: flags['schema-version'] ?? null,
    });
    return webhooksResult(subscriptions, changed);
  }
}
