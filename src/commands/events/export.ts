import { BaseCommand } from '../../cli/base-command.ts';
import { describeCoverage } from '../../context/coverage.ts';
import { coverageFor } from '../../context/listener-state.ts';
import { printableJson } from '../../domain/text/terminal-text.ts';
import { selectionFlags, toSelection, untilFlag } from '../../events/event-flags.ts';
import { exportEvents } from '../../events/list-events.ts';
import { makeDocument } from '../../output/result.ts';
import { localTime } from '../../output/style.ts';

export default class EventsExport extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Export webhook events with their original bytes.';
  static override description =
    `Writes one JSON document per line, oldest first, with and without --json. events import reads this format, and the signature
of every line can still be verified.`;
  static override examples = [
    { description: 'Export all events.', command: 'kioskctl events export > events.ndjson' },
    {
      description: 'Export the events of one card.',
      command: 'kioskctl events export --card 1001/501 --since 7d > card.ndjson',
    },
  ];
  static override flags = { ...selectionFlags, ...untilFlag };

  protected override async perform(): Promise<null> {
    const { flags } = await this.parse(EventsExport);
    const ctx = await this.context(flags);
    const selection = toSelection(flags, ctx.calendar.now());
    ctx.report.note(describeCoverage(await coverageFor(ctx, selection), localTime));
    const envelope = {
      command: 'events export',
      context: ctx.name,
      environment: ctx.environment,
      exitCode: 0,
    } as const;
    for await (const event of exportEvents(ctx, selection)) {
      const text = () => `${printableJson(makeDocument(envelope, { ...event }))}\n`;
      await this.emit({ exitCode: 0, document: { ...event }, text }, { isStream: true });
    }
    return null;
  }
}
