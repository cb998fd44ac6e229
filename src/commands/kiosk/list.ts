import { KioskOverviewCommand, overviewFlags } from '../../cli/kiosk-overview-command.ts';
import { optionalKioskArgs } from '../../kiosks/kiosk-flags.ts';
import type { Result } from '../../output/result.ts';

export default class KioskList extends KioskOverviewCommand {
  static override summary = 'List kiosks with their failures, cards in progress and holds.';
  static override description =
    `Every kiosk that the context names, that cards of the journal were sent to, or that is on hold. All of it is what the
journal knows, from events (kioskctl listen) and from commands; nothing is asked of the API. A kiosk that nothing knows is
a mistake (2). With --watch it goes on until Ctrl-C, and shows each change; with --json, a document a line.`;
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
