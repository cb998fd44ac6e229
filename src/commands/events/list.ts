import { BaseCommand } from '../../cli/base-command.ts';
import { quietEventsFlag, selectionFlags, toSelection, untilFlag } from '../../events/event-flags.ts';
import { eventsResult } from '../../events/event-views.ts';
import { listEvents } from '../../events/list-events.ts';
import { DEFAULT_LIMIT, limitFlag, tableFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';

export default class EventsList extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'List webhook events, newest last.';
  static override description =
    `Shows the newest events up to --limit, then the total of matching events and the times in which a listener ran.
Pipe its JSON into commands about cards; --quiet prints event numbers.`;
  static override examples = [
    { description: 'List the events of the last two hours.', command: 'kioskctl events list --since 2h' },
    { description: 'List the events of one card.', command: 'kioskctl events list --card 1001/501' },
    {
      description: 'List the failures at a kiosk.',
      command: 'kioskctl events list --kiosk WIS00001 --status PRODUCTION_ERROR --since 7d --json',
    },
    {
      description: 'Show the status of every card that had an event.',
      command: 'kioskctl events list --since 2h --json | kioskctl status -',
    },
  ];
  static override flags = {
    ...selectionFlags,
    ...untilFlag,
    ...limitFlag,
    ...tableFlags,
    ...quietEventsFlag,
  };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(EventsList);
    const { limit = DEFAULT_LIMIT } = flags;
    const ctx = await this.context(flags);
    const selection = toSelection(flags, ctx.calendar.now());
    return eventsResult(await listEvents(ctx, { selection, limit }));
  }
}
