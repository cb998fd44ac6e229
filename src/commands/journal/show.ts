import { BaseCommand } from '../../cli/base-command.ts';
import type { Result } from '../../output/result.ts';
import { showJournal } from '../../support/journal/file-journal.ts';
import { shownJournal } from '../../support/journal/journal-views.ts';

export default class JournalShow extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Show the journal: its file, size, last backup and users.';
  static override description =
    `Works while other commands use the journal. Open attempts are counted for the environment in use.`;
  static override examples = [
    { description: 'Show the journal in use.', command: 'kioskctl journal show' },
    { description: 'Show it as JSON.', command: 'kioskctl journal show --json' },
  ];

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(JournalShow);
    const ctx = await this.context(flags);
    return shownJournal(ctx.journalFile.path, await showJournal(ctx));
  }
}
