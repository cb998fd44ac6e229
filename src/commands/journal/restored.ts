import { BaseCommand } from '../../cli/base-command.ts';
import { actFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { markedJournal } from '../../support/journal/journal-views.ts';
import { markRestored } from '../../support/journal/server-journal.ts';

export default class JournalRestored extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Mark a PostgreSQL journal as restored, after pg_restore.';
  static override description =
    `Asks first. Run it after the database was restored from a backup, before other commands use it: kioskctl can't see every
restore itself. Commands and servers that use the journal end, and the mark is recorded in the audit log.

Attempts made after the backup are unknown then. Therefore the next action on each card waits once before it sends, as long as
a request of a killed process may still arrive: 2 min in sandbox, 5 min in production.`;
  static override examples = [
    {
      description: 'Mark the journal of a context, in a script.',
      command:
        'kioskctl journal restored --context branch --confirm branch --reason "restored of 10:00" --yes',
    },
  ];
  static override flags = actFlags;

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(JournalRestored);
    const ctx = await this.context(flags);
    return markedJournal(await markRestored(ctx));
  }
}
