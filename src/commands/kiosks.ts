import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { optionalKioskArgs } from '../kiosks/kiosk-flags.ts';
import { overviewResult } from '../kiosks/kiosk-views.ts';
import { overview, watchOverview } from '../kiosks/overview.ts';
import type { Result } from '../output/result.ts';

export default class Kiosks extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'How kiosks do: what failed there, what is in progress, who holds them.';
  static override description =
    `Every kiosk that the context names, that cards of the journal were sent to, or that is on hold. All of it is what the
journal knows, from events (kioskctl listen) and from commands; nothing is asked of the API. A kiosk that nothing knows is
a mistake (2). With --watch it goes on until Ctrl-C, and shows each change; with --json, a document a line.`;
  static override examples = [
    '<%= config.bin %> kiosks',
    '<%= config.bin %> kiosks WIS00001 --json',
    '<%= config.bin %> kiosks --watch',
    '<%= config.bin %> kiosks --quiet',
  ];
  static override args = optionalKioskArgs;
  static override flags = {
    watch: Flags.boolean({ summary: 'Go on and show each change.' }),
    timeout: Flags.string({
      summary: 'End a watch after this long (default: never).',
      helpValue: '90s',
      dependsOn: ['watch'],
    }),
    quiet: Flags.boolean({ char: 'q', summary: 'Only the ids of the kiosks, one a line.' }),
  };

  protected override async perform(): Promise<Result | null> {
    const { args, flags } = await this.parse(Kiosks);
    const wanted = args.kiosk ?? [];
    const ctx = await this.context(flags);
    if (!flags.watch) return overviewResult(await overview(ctx, wanted));
    const deadline = flags.timeout === undefined ? null : ctx.stopwatch.after(ctx.timing.timeout ?? 0);
    await watchOverview(ctx, { wanted, deadline }, async (seen) =>
      this.emit(overviewResult(seen), { isStream: true }),
    );
    return null;
  }
}
