import { cards } from '../cards/api-lists.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { formatReference } from '../domain/ids.ts';
import { DEFAULT_LIMIT, limitFlag, quietFlag, tableFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import { listResult, timeIn } from '../output/table.ts';

export default class Cards extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = "List the profile's cards, without their details.";
  static override description =
    `kioskctl never shows card numbers, CVV or expiry dates. Wise recommends that you do not show them to the cardholder either
before the card is produced and collected: a card whose production failed must not be added to a wallet yet.`;
  static override examples = [
    { description: 'List the cards.', command: 'kioskctl cards' },
    { description: 'Show the status of each card.', command: 'kioskctl cards --quiet | kioskctl status -' },
    { description: 'List the cards as JSON.', command: 'kioskctl cards --json' },
  ];
  static override flags = { ...limitFlag, ...quietFlag, ...tableFlags };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Cards);
    const { limit = DEFAULT_LIMIT } = flags;
    const ctx = await this.context(flags);
    const list = await cards(ctx, limit);
    return listResult(
      [
        ['Card', formatReference],
        ['Status', 'cardStatus'],
        ['Type', 'cardType', 2],
        ['Program', 'program', 1],
        ['Created', timeIn('createdAt'), 3],
      ],
      list,
      {
        document: { profileId: ctx.profileId, cards: list },
        reference: ({ profileId, cardToken }) => `${profileId}/${cardToken}`,
      },
    );
  }
}
