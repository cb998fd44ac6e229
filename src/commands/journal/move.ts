import { Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { actFlags, loginFlag } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { moveResult } from '../../support/journal/journal-views.ts';
import { moveJournal } from '../../support/journal/move-journal.ts';

export default class JournalMove extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Move the records of a journal file to the journal of a team.';
  static override description =
    `Asks first. The journal of the context is in PostgreSQL and exists already. Moves cards, attempts, events, holds, runs and the audit
log of the environments sandbox and production, in one transaction, and seals the file: later commands that use it end with 9 and name
the new journal. The environment local continues to use its file.

Refused (9) while any process uses the file, while it has an open attempt, and while the journal of the team has an open attempt on
one of its cards. Several files can be moved, one after another. A move that was interrupted is completed by running it again; a
file that was moved is not moved twice.`;
  static override examples = [
    {
      description: 'Move the file of this machine, with a login that has the owner role.',
      command:
        'kioskctl journal move --from ~/.local/share/kioskctl/journal.db --login postgres --context bank',
    },
  ];
  static override flags = {
    ...actFlags,
    ...loginFlag,
    from: Flags.string({ required: true, summary: 'Journal file to move.', helpValue: 'FILE' }),
  };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(JournalMove);
    const ctx = await this.context(flags);
    return moveResult(await moveJournal(ctx, { from: flags.from, login: flags.login }));
  }
}
