import { cards } from '../cards/api-lists.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { DEFAULT_LIMIT, limitFlag, quietFlag } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import { listResult, timeIn } from '../output/table.ts';

export default class Cards extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = "The profile's cards, without digits or expiry.";
  static override examples = [
    '<%= config.bin %> cards',
    '<%= config.bin %> cards --quiet | <%= config.bin %> status -',
    '<%= config.bin %> cards --json',
  ];
  static override flags = { ...limitFlag, ...quietFlag };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Cards);
    const { limit = DEFAULT_LIMIT } = flags;
    const ctx = await this.context(flags);
    const list = await cards(ctx, limit);
    return listResult(
      [
        ['Card', 'cardToken'],
        ['Status', 'cardStatus'],
        ['Type', 'cardType'],
        ['Program', 'program'],
        ['Created', timeIn('createdAt')],
      ],
      list,
      {
        document: { profileId: ctx.profileId, cards: list },
        reference: ({ profileId, cardToken }) => `${profileId}/${cardToken}`,
      },
    );
  }
}
