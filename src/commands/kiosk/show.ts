import { KioskOverviewCommand, overviewFlags } from '../../cli/kiosk-overview-command.ts';
import { kioskListArgs } from '../../kiosks/kiosk-flags.ts';
import type { Result } from '../../output/result.ts';

export default class KioskShow extends KioskOverviewCommand {
  static override summary = 'Show kiosks by their ids.';
  static override examples = [
    { description: 'Show a kiosk.', command: 'kioskctl kiosk show WIS00001' },
    { description: 'Print two kiosks as JSON.', command: 'kioskctl kiosk show WIS00001 WIS00002 --json' },
    { description: 'Follow the changes of a kiosk.', command: 'kioskctl kiosk show WIS00001 --watch' },
  ];
  static override args = kioskListArgs;
  static override flags = overviewFlags;

  protected override async perform(): Promise<Result | null> {
    const { args, flags } = await this.parse(KioskShow);
    return this.overview(args.kiosk, flags);
  }
}
