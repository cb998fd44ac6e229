import { cards } from '../cards/api-lists.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { limitFlag, quietFlag, toLimit } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import { localTime } from '../output/style.ts';
import { plainRow, renderTable } from '../output/table.ts';

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
    const limit = toLimit(flags.limit);
    const ctx = await this.context(flags);
    const list = await cards(ctx, limit);
    return {
      exitCode: 0,
      document: { profileId: ctx.profileId, cards: list },
      references: list.map(({ profileId, cardToken }) => `${profileId}/${cardToken}`),
      text: async () =>
        renderTable(
          ['Card', 'Status', 'Type', 'Program', 'Created'],
          list.map(({ cardToken, cardStatus, cardType, program, createdAt }) =>
            plainRow([cardToken, cardStatus, cardType, program, createdAt && localTime(createdAt)]),
          ),
        ),
    };
  }
}
