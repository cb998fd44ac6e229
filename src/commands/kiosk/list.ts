import { KioskOverviewCommand, overviewFlags } from '../../cli/kiosk-overview-command.ts';
import { optionalKioskArgs } from '../../kiosks/kiosk-flags.ts';
import type { Result } from '../../output/result.ts';

export default class KioskList extends KioskOverviewCommand {
  static override summary = 'List kiosks with their failures, cards in progress and holds.';
  static override description =
    `Lists the kiosks of the context, those that cards of the journal were sent to, and those on hold. Uses only the journal
(events and commands), without a request to the API. With KIOSK, works like kiosk show. An unknown kiosk is an error (2). With --watch, shows each change until Ctrl-C;
with --json, as one document per line.`;
  static override examples = [
    { description: 'List all kiosks.', command: 'kioskctl kiosk list' },
    { description: 'Print them as JSON.', command: 'kioskctl kiosk list --json' },
    { description: 'Follow changes.', command: 'kioskctl kiosk list --watch' },
    { description: 'Print only the ids.', command: 'kioskctl kiosk list --quiet' },
  ];
  static override aliases = ['kiosks'];
  static override args = optionalKioskArgs;
  static override flags = overviewFlags;

  protected override async perform(): Promise<Result | null> {
    const { args, flags } = await this.parse(KioskList);
    return this.overview(args.kiosk ?? [], flags);
  }
}
