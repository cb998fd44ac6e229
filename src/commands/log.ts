import { BaseCommand } from '../cli/base-command.ts';
import { DEFAULT_LIMIT, limitFlag, tableFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import { auditTrail } from '../support/log.ts';
import { actSelectionFlags, toActionSelection } from '../support/support-flags.ts';
import { logResult } from '../support/support-views.ts';

export default class Log extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Show the audit trail: who did what, when and why.';
  static override description =
    `Shows the actions of this journal in this environment, from every context, newest last, without a request to the API. Entries
are never changed or removed. An action with no result is still running or was killed.`;
  static override examples = [
    { description: 'Show the last two hours.', command: 'kioskctl log --since 2h' },
    { description: 'Show the actions on a card.', command: 'kioskctl log --card 1001/501' },
    {
      description: 'Show failed actions at a kiosk.',
      command: 'kioskctl log --kiosk WIS00001 --failed --since 7d',
    },
    {
      description: 'Show retries and holds of one user.',
      command: 'kioskctl log --action retry --action hold --user ada --json',
    },
  ];
  static override flags = { ...actSelectionFlags, ...limitFlag, ...tableFlags };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Log);
    const { limit = DEFAULT_LIMIT } = flags;
    const ctx = await this.context(flags);
    const selection = toActionSelection(flags, ctx.calendar.now());
    return logResult(await auditTrail(ctx, { selection, limit }));
  }
}
