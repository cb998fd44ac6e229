import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import type { Result } from '../../output/result.ts';
import { backUpJournal } from '../../support/journal/file-journal.ts';
import { backedUpJournal } from '../../support/journal/journal-views.ts';

export default class JournalBackup extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Copy the journal to a file, also while it is in use.';
  static override description =
    `Writes one complete and consistent file (mode 0600), and records the time in the journal. Attempts made after the backup
are not in it: see kioskctl journal restore.`;
  static override examples = [
    { description: 'Copy the journal.', command: 'kioskctl journal backup /backup/journal.db' },
    {
      description: 'Replace an older backup.',
      command: 'kioskctl journal backup /backup/journal.db --force --json',
    },
  ];
  static override args = {
    file: Args.string({ required: true, ignoreStdin: true, description: 'New file for the copy.' }),
  };
  static override flags = {
    force: Flags.boolean({ summary: 'Replace an existing file.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(JournalBackup);
    const ctx = await this.context(flags);
    return backedUpJournal(ctx.journalFile.path, await backUpJournal(ctx, args.file, flags));
  }
}
