import { waitProduced } from '../cards/wait-produced.ts';
import { CardCommand } from '../cli/card-command.ts';
import { cardArgs, quietFlag, vendorTimeFlag, viaFlag, waitFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';

export default class WaitProduced extends CardCommand {
  static override effect = 'reads' as const;
  static override summary = 'Wait for the result of the current attempt.';
  static override description =
    `Exits immediately if the attempt failed (4 or 5, by its error code). The result of an earlier attempt never ends the wait: the journal
knows when the attempt began, and without that journal --after sets it.

If kioskctl listen runs with this journal, events end the wait. Once they report the state of the card, the API is checked only once a
minute and if they are not conclusive. Otherwise the API is polled. With --json, "via" is the source of the result: event or api.`;
  static override examples = [
    { description: 'Wait up to five minutes.', command: 'kioskctl wait-produced 1001/501 --timeout 5m' },
    {
      description: 'Produce a card, then wait.',
      command: 'kioskctl produce 1001/501 --kiosk WIS00001 --json | kioskctl wait-produced - --json',
    },
    {
      description: 'Wait without the journal that has the attempt.',
      command: 'kioskctl wait-produced 1001/501 --after 2026-11-22T10:15:00.120Z',
    },
    { description: 'Wait for webhooks only.', command: 'kioskctl wait-produced 1001/501 --via journal' },
  ];
  static override args = cardArgs;
  static override flags = {
    after: vendorTimeFlag({
      summary: 'Accept only the result of a request that was sent at this time or later.',
      helpValue: 'TIME',
    }),
    ...waitFlags,
    ...viaFlag,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(WaitProduced);
    const { via = 'auto', after = null } = flags;
    const ctx = await this.context(flags);
    const { targets, shape } = await this.cards(ctx, args.card);
    const awaited = targets.map((target) => ({ ...target, after: after ?? target.after ?? null }));
    return this.results(await waitProduced(ctx, { targets: awaited, via }), { shape });
  }
}
