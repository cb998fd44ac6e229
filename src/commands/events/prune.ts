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
    `Asks first. Deletes events only: cards, attempts and actions stay. Wise repeats a delivery for up to two weeks; an event that
was deleted sooner is stored again when it is repeated.`;
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
      summary: 'Delete events that arrived longer ago than this.',
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
      text: () => `Deleted ${counted(pruned, 'event')} that arrived before ${since}.\n`,
    };
  }
}
