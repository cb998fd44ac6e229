import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { actFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { restoreJournal } from '../../support/journal/file-journal.ts';
import { restoredJournal } from '../../support/journal/journal-views.ts';

export default class JournalRestore extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Replace the journal with a backup.';
  static override description =
    `Asks first. Refused (9) while any process uses the journal. The file must be an intact journal of this version or an older one.
The replaced journal stays beside it under another name, and the restore is recorded in the audit log.

Attempts made after the backup are unknown then. Therefore the next action on each card waits once before it sends, as long as
a request of a killed process may still arrive: 2 min in sandbox, 5 min in production.`;
  static override examples = [
    {
      description: 'Restore a backup, after a prompt.',
      command: 'kioskctl journal restore /backup/journal.db',
    },
    {
      description: 'Restore it in a script.',
      command:
        'kioskctl journal restore /backup/journal.db --context branch --confirm branch --reason "disk failed" --yes',
    },
  ];
  static override args = {
    file: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'Backup written by kioskctl journal backup.',
    }),
  };
  static override flags = actFlags;

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(JournalRestore);
    const ctx = await this.context(flags);
    return restoredJournal(ctx.journalFile.path, await restoreJournal(ctx, args.file));
  }
}
