import { plainRow, renderTable } from '../output/table.ts';
import type { Subscription } from '../wire/subscription.ts';

/** Subscriptions as a table. */
export async function renderWebhooks(subscriptions: readonly Subscription[]): Promise<string> {
  if (subscriptions.length === 0) return 'No subscriptions. Make them: kioskctl webhooks create --url URL\n';
  return renderTable(
    ['Subscription', 'Events', 'Version', 'URL', 'Name'],
    subscriptions.map(({ id, eventType, version, url, name }) =>
      plainRow([id, eventType, version, url, name]),
    ),
  );
}
