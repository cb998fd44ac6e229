import { BaseCommand } from '../cli/base-command.ts';
import { DEFAULT_LIMIT, limitFlag } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import { auditTrail } from '../support/log.ts';
import { actSelectionFlags, toActionSelection } from '../support/support-flags.ts';
import { logResult } from '../support/support-views.ts';

export default class Log extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'The audit trail: who did what, when, why, and how it ended.';
  static override description =
    `What was done with this journal in this environment, by every context of it, newest last. The journal adds to it and
never changes or removes any of it. Nothing is asked of the API. An act without an end is running, or died with its process.`;
  static override examples = [
    '<%= config.bin %> log --since 2h',
    '<%= config.bin %> log --card 1001/501',
    '<%= config.bin %> log --kiosk WIS00001 --failed --since 7d',
    '<%= config.bin %> log --action retry --action hold --user ada --json',
  ];
  static override flags = { ...actSelectionFlags, ...limitFlag };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Log);
    const { limit = DEFAULT_LIMIT } = flags;
    const ctx = await this.context(flags);
    const selection = toActionSelection(flags, ctx.calendar.now());
    return logResult(await auditTrail(ctx, { selection, limit }));
  }
}
