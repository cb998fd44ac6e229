import { programs } from '../cards/api-lists.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { quietFlagFor, tableFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import { listResult } from '../output/table.ts';

export default class Programs extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = "List the profile's card programs.";
  static override examples = [
    { description: 'List the programs.', command: 'kioskctl programs' },
    { description: 'List those of another profile.', command: 'kioskctl programs --profile-id 1004 --json' },
  ];
  static override flags = { ...quietFlagFor('names'), ...tableFlags };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Programs);
    const ctx = await this.context(flags);
    const list = await programs(ctx);
    return listResult(
      [
        ['Program', 'name'],
        ['Type', 'cardType'],
        ['Scheme', 'scheme', 1],
        ['Currency', 'defaultCurrency', 2],
      ],
      list,
      {
        document: { profileId: ctx.profileId, programs: list },
        reference: ({ name }) => name,
      },
    );
  }
}
