import { waitReady } from '../cards/wait-ready.ts';
import { CardCommand } from '../cli/card-command.ts';
import { cardArgs, quietFlag, viaFlag, waitFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';

export default class WaitReady extends CardCommand {
  static override effect = 'reads' as const;
  static override summary = 'Wait until cards can be produced.';
  static override description =
    `Accepts READY and every later stage. Requirements that are not met are shown immediately. Exits with 6 for a cancelled, returned or
expired card, with 5 for a failed requirement, and with 75 at the deadline.

If kioskctl listen runs with this journal, events trigger the checks. Once they report the status of the order, the API is read only once
a minute and if they are not conclusive. Otherwise the API is polled.`;
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
