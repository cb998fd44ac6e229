import { BaseCommand } from '../../cli/base-command.ts';
import { reachOf } from '../../cli/settings/paths.ts';
import { actFlags, durationFlag, quietFlagFor } from '../../input/flags.ts';
import { holdKiosk } from '../../kiosks/hold.ts';
import { kioskArgs, toHoldDuration } from '../../kiosks/kiosk-flags.ts';
import { holdResult } from '../../kiosks/kiosk-views.ts';
import type { Result } from '../../output/result.ts';

export default class KioskHold extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Put a kiosk on hold: no card is sent there.';
  static override description =
    `No command sends a card to the kiosk until the hold ends. The hold, its reason and its user are stored in the journal,
for all contexts of the environment. Other journals and other systems can still send cards there, and a card already in the kiosk
continues. A kiosk that is already on hold does not change (exit 0, changed: false).`;
  static override examples = [
    {
      description: 'Stop cards until someone releases the kiosk.',
      command: 'kioskctl kiosk hold WIS00001 --reason "hopper door is open, technician called"',
    },
    {
      description: 'Stop them for four hours.',
      command: 'kioskctl kiosk hold WIS00001 --for 4h --reason "technician is on the way"',
    },
    {
      description: 'Stop them in a script.',
      command: 'kioskctl kiosk hold WIS00001 --reason "ribbon is being changed" --json',
    },
  ];
  static override args = kioskArgs;
  static override flags = {
    reason: {
      ...actFlags.reason,
      summary: 'Reason, shown to everyone whose card is refused. Always required.',
    },
    for: durationFlag({ summary: 'End the hold automatically after this time.', helpValue: '4h' }),
    'no-input': actFlags['no-input'],
    ...quietFlagFor('kiosk ids'),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(KioskHold);
    const held = await holdKiosk(await this.context(flags), args.kiosk, {
      duration: toHoldDuration(flags.for),
    });
    return holdResult(held, reachOf(this.opened.settings.paths));
  }
}
