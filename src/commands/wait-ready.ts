import { BaseCommand } from '../cli/base-command.ts';
import { cardArgs, quietFlag, waitFlags } from '../cli/input/flags.ts';
import type { Result } from '../cli/output/result.ts';
import { waitReady } from '../workflows/wait-ready.ts';

export default class WaitReady extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Wait until cards may be produced.';
  static override description =
    `Satisfied by READY and everything after it. Requirements that are not met are named at once. A cancelled, returned or
expired card ends the wait with 6, a failed requirement with 5, the deadline with 75.`;
  static override examples = [
    '<%= config.bin %> wait-ready 1001/501',
    '<%= config.bin %> order --json | <%= config.bin %> wait-ready - --timeout 5m --json',
  ];
  static override args = cardArgs;
  static override flags = { ...waitFlags, ...quietFlag };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(WaitReady);
    const ctx = await this.context(flags);
    const { targets, shape } = await this.cards(ctx, args.card);
    return this.results(await waitReady(ctx, targets), { shape });
  }
}
