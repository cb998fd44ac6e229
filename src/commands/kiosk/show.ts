import { KioskOverviewCommand, overviewFlags } from '../../cli/kiosk-overview-command.ts';
import { kioskListArgs } from '../../kiosks/kiosk-flags.ts';
import type { Result } from '../../output/result.ts';

export default class KioskShow extends KioskOverviewCommand {
  static override summary = 'Show a kiosk with its hold, cards, failures and next command.';
  static override description =
    `Uses only the journal (events and commands), without a request to the API. The elapsed time of a card in progress starts with
its last production change. With --watch, shows kiosks as a table until Ctrl-C, as kiosk list does.`;
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
