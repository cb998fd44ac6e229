import { waitReady } from '../cards/wait-ready.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { cardArgs, quietFlag, viaFlag, waitFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';

export default class WaitReady extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Wait until cards can be produced.';
  static override description =
    `Satisfied by READY and everything after it. Requirements that are not met are named at once. A cancelled, returned or
expired card ends the wait with 6, a failed requirement with 5, the deadline with 75.
While kioskctl listen keeps the vendor's events in this journal, an event wakes the wait, and the API is looked at only
at the start, once a minute, and when events don't decide; without a listener it is polled.`;
  static override examples = [
    { description: 'Wait for a card.', command: 'kioskctl wait-ready 1001/501' },
    {
      description: 'Order a card, then wait up to five minutes.',
      command: 'kioskctl order --json | kioskctl wait-ready - --timeout 5m --json',
    },
    { description: 'Wait for webhooks only.', command: 'kioskctl wait-ready 1001/501 --via journal' },
  ];
  static override args = cardArgs;
  static override flags = { ...waitFlags, ...viaFlag, ...quietFlag };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(WaitReady);
    const { via = 'auto' } = flags;
    const ctx = await this.context(flags);
    const { targets, shape } = await this.cards(ctx, args.card);
    return this.results(await waitReady(ctx, { targets, via }), { shape });
  }
}
