import { BaseCommand } from '../../cli/base-command.ts';
import { counted } from '../../domain/text/words.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import { pruneEvents } from '../../events/list-events.ts';
import { actFlags, durationFlag } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';

export default class EventsPrune extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Delete old webhook events.';
  static override description =
    `Only events: cards, attempts and acts stay. The vendor repeats a delivery for up to two weeks; one that was forgotten
sooner is kept as a new one when it comes again.`;
  static override examples = [
    {
      description: 'Delete events older than 90 days, after a prompt.',
      command: 'kioskctl events prune --older-than 90d',
    },
    {
      description: 'Delete them in a script.',
      command: 'kioskctl events prune --older-than 90d --yes --json',
    },
  ];
  static override flags = {
    'older-than': durationFlag({
      required: true,
      summary: 'Those that arrived longer ago than this.',
      helpValue: '90d',
    }),
    yes: actFlags.yes,
    'no-input': actFlags['no-input'],
  };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(EventsPrune);
    const ctx = await this.context(flags);
    const { pruned, before } = await pruneEvents(ctx, flags['older-than']);
    const since = utcTime(before);
    return {
      exitCode: 0,
      document: { pruned, before: since },
      text: () => `Forgot ${counted(pruned, 'event')} that arrived before ${since}.\n`,
    };
  }
}
