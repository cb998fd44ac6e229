import { BaseCommand } from '../../cli/base-command.ts';
import { actFlags, quietFlagFor } from '../../input/flags.ts';
import { releaseKiosk } from '../../kiosks/hold.ts';
import { kioskArgs } from '../../kiosks/kiosk-flags.ts';
import { releaseResult } from '../../kiosks/kiosk-views.ts';
import type { Result } from '../../output/result.ts';

export default class KioskRelease extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'End the hold on a kiosk.';
  static override description =
    `Sends nothing. Ends the hold whoever set it. A kiosk that is not on hold does not change (exit 0, changed: false).`;
  static override examples = [
    { description: 'Release a kiosk.', command: 'kioskctl kiosk release WIS00001 --reason "door is closed"' },
    { description: 'Release it in a script.', command: 'kioskctl kiosk release WIS00001 --json' },
  ];
  static override args = kioskArgs;
  static override flags = { ...actFlags, ...quietFlagFor('kiosk ids') };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(KioskRelease);
    return releaseResult(args.kiosk, await releaseKiosk(await this.context(flags), args.kiosk));
  }
}
