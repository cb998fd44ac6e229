import { Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { endWithReader } from '../../cli/terminal/signals.ts';
import { afterFlag, quietEventsFlag, selectionFlags, toSelection } from '../../events/event-flags.ts';
import { eventResult } from '../../events/event-views.ts';
import { tailEvents } from '../../events/list-events.ts';
import { endFlag } from '../../input/flags.ts';

export default class EventsTail extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Follow webhook events as they arrive.';
  static override description =
    `Shows events of any process that receives them. --since and --after also show stored events first. Continues until Ctrl-C, --limit or
--timeout. Exits with 75 if fewer than --limit events arrive within --timeout.`;
  static override examples = [
    { description: 'Follow all events.', command: 'kioskctl events tail' },
    {
      description: 'Follow the events of a kiosk as JSON, one per line.',
      command: 'kioskctl events tail --since 10m --kiosk WIS00001 --json',
    },
    {
      description: 'Wait for one event of a card.',
      command: 'kioskctl events tail --card 1001/501 --status PRODUCED --limit 1 --timeout 5m',
    },
  ];
  static override flags = {
    ...selectionFlags,
    after: afterFlag({
      summary: 'Start after the event with this number; 0 starts with the first.',
      helpValue: 'ID',
    }),
    ...endFlag,
    timeout: Flags.string({ summary: 'End after this time (default: never).', helpValue: '90s' }),
    ...quietEventsFlag,
  };

  protected override get isWatch(): boolean {
    return true;
  }

  protected override async perform(): Promise<null> {
    const { flags } = await this.parse(EventsTail);
    const { limit = null, after: afterId = null } = flags;
    const ctx = await this.context(flags);
    const now = ctx.calendar.now();
    const selection = toSelection(flags, now);
    const deadline = flags.timeout === undefined ? null : ctx.stopwatch.after(ctx.timing.timeout ?? 0);
    // The first event may take long, so notice a closed pipe before it.
    await endWithReader();
    await tailEvents(ctx, { selection, afterId, limit, deadline }, async (event) =>
      this.emit(eventResult(event), { isStream: true }),
    );
    return null;
  }
}
