import { BaseCommand } from '../../cli/base-command.ts';
import { eventArg, receiverFlag } from '../../events/event-flags.ts';
import { renderReplayed } from '../../events/event-views.ts';
import { replayEvents } from '../../events/replay-events.ts';
import type { Result } from '../../output/result.ts';

export default class EventsReplay extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Send stored webhook events to a receiver.';
  static override description =
    `Sends the original bytes, signature and delivery id, in the order of the arguments. Redirects are not followed and nothing is
repeated. Exits with 7 if the receiver can't be reached, and with 10 if it answers anything but 2xx.`;
  static override examples = [
    {
      description: 'Send one event to a local receiver.',
      command: 'kioskctl events replay 12 --to http://127.0.0.1:8788/webhooks',
    },
    {
      description: 'Send the events of the last two hours again.',
      command:
        'kioskctl events replay $(kioskctl events list --since 2h -q) --to https://hooks.example.com/wise --json',
    },
  ];
  static override args = {
    id: eventArg({
      required: true,
      multiple: true,
      description: 'Numbers of the events, as shown by events list.',
    }),
  };
  static override flags = {
    to: receiverFlag({ required: true, summary: 'URL of the receiver.', helpValue: 'URL' }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(EventsReplay);
    const ctx = await this.context(flags);
    const { replayed, exitCode, stopped } = await replayEvents(ctx, { ids: args.id, to: flags.to });
    const own = replayed.flatMap(({ error }) => error ?? []);
    const error = stopped?.toDocument();
    // The error that stopped the replay may also be that of an event. It is shown once.
    const errors = error && own.every(({ code }) => code !== error.code) ? [...own, error] : own;
    return {
      exitCode,
      document: { replayed, ...(error && { error }) },
      text: (style) => renderReplayed(replayed, style),
      errors: errors.map((one) => ({ about: null, error: one })),
    };
  }
}
