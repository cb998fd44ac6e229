import { BaseCommand } from '../../cli/base-command.ts';
import { eventArg } from '../../events/event-flags.ts';
import { renderEvent } from '../../events/event-views.ts';
import { showEvent, toWholeEvent } from '../../events/list-events.ts';
import type { Result } from '../../output/result.ts';

export default class EventsShow extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Show a webhook event in full.';
  static override examples = [
    { description: 'Show an event.', command: 'kioskctl events show 12' },
    {
      description: 'Save its body as it was received.',
      command: 'kioskctl events show 12 --json | jq -r .event.bodyBase64 | base64 -d > body.json',
    },
  ];
  static override args = {
    id: eventArg({ required: true, description: 'Number of the event, as shown by events list.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(EventsShow);
    const ctx = await this.context(flags);
    const delivery = await showEvent(ctx, args.id);
    const body = Buffer.from(delivery.body).toString('utf8');
    return {
      exitCode: 0,
      document: { event: { ...toWholeEvent(delivery), body } },
      text: (style) => renderEvent(delivery, style),
    };
  }
}
