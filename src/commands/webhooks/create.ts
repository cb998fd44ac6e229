import { Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { webhooksResult } from '../../events/event-views.ts';
import { createWebhooks } from '../../events/subscriptions.ts';
import { actFlags, quietFlagFor, tableFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';

export default class WebhooksCreate extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Subscribe a URL to production and order events.';
  static override description =
    `Needs KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET, or a login with client id and secret. Wise sends events only to https URLs
with a domain name, port 443, a certificate from a public CA and no query. local also sends them to this machine.
First Wise sends a test notification to the URL, which must be answered with 2xx within 5 seconds, so start listen and its gateway first.
Existing subscriptions are not changed.`;
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
    url: Flags.string({ summary: 'URL that receives the events.', helpValue: 'URL', required: true }),
    name: Flags.string({
      summary: 'Name of the subscription at Wise (default kioskctl).',
      helpValue: 'TEXT',
    }),
    'schema-version': Flags.string({
      summary: 'Version of the events: 4.0.0 with milliseconds (default), 2.0.0 with whole seconds.',
      options: ['2.0.0', '4.0.0'],
    }),
    ...actFlags,
    ...tableFlags,
    ...quietFlagFor('ids of subscriptions'),
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
