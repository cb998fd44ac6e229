import { CardCommand } from '../cli/card-command.ts';
import { describeSetup } from '../cli/open-context.ts';
import type { Result } from '../output/result.ts';
import { gatherIncident } from '../support/gather-incident.ts';
import { renderIncident, writtenIncident } from '../support/incident-view.ts';
import { incidentArgs, incidentFlags, toIncidentKiosk, toIncidentSpan } from '../support/support-flags.ts';

export default class IncidentCommand extends CardCommand {
  static override effect = 'reads' as const;
  static override summary = 'Write an incident bundle for Wise or the manufacturer.';
  static override description =
    `Writes a timeline of events, attempts and actions with their ids, listener coverage, versions and settings, as Markdown
or JSON. It uses the journal only, without a request to the API. Secrets, event bodies and all data about cardholders are left out,
and operators are numbered. See docs/incident.md.`;
  static override examples = [
    { description: 'Print the history of a card.', command: 'kioskctl incident 1001/501' },
    {
      description: 'Write a file about the last four hours at a kiosk.',
      command: 'kioskctl incident --kiosk WIS00001 --since 4h --output incident.md',
    },
    {
      description: 'Print the same for a time range as JSON.',
      command:
        'kioskctl incident --kiosk WIS00001 --since 2026-11-22T08:00:00Z --until 2026-11-22T09:00:00Z --json',
    },
    {
      description: 'Write a bundle about all cards of recent events, without reasons.',
      command:
        'kioskctl events list --since 1h --json | kioskctl incident - --no-reasons --output incident.json',
    },
  ];
  static override args = incidentArgs;
  static override flags = incidentFlags;

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(IncidentCommand);
    const given = args.card ?? [];
    const kioskId = toIncidentKiosk(flags, given);
    const ctx = await this.context(flags);
    const span = toIncidentSpan(flags, ctx.calendar.now());
    const subject = kioskId === null ? { cards: (await this.cards(ctx, given)).targets } : { kioskId };
    const privacy = { hasNames: flags.names, hasReasons: flags.reasons, secrets: ctx.secrets };
    const incident = await gatherIncident(
      ctx,
      { subject, ...span },
      { setup: describeSetup(this.opened.settings), privacy },
    );
    const text = () => renderIncident(incident);
    const result: Result = { exitCode: 0, document: { incident }, text, isProduct: true };
    if (flags.output === undefined) return result;
    const { file, format } = flags.output;
    const content = format === 'json' ? this.toDocument(result, 2) : renderIncident(incident);
    await ctx.files.write(file, [content], { force: flags.force, mode: 0o600 });
    return writtenIncident(incident, { file, format });
  }
}
