import { BaseCommand } from '../../cli/base-command.ts';
import { loginFlag } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { createdJournal } from '../../support/journal/journal-views.ts';
import { createJournal } from '../../support/journal/server-journal.ts';

export default class JournalCreate extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Create the journal of a team in PostgreSQL.';
  static override description =
    `The URL of the journal names server, database and schema: kioskctl context set journal. The database must exist.

Creates the schema and two roles: an owner for upgrades, and an operator, which can't change the schema, delete attempts or
change the audit log. An existing journal is not changed. The login needs the privileges to create roles, and schemas in the
database; other commands then need a login with the operator role only.

Also installs the job queue of kioskctl serve, if the package graphile-worker is installed next to kioskctl (docs/serve.md).`;
  static override examples = [
    {
      description: 'Create the journal as another login than that of the URL.',
      command: 'kioskctl journal create --login postgres --context bank',
    },
  ];
  static override flags = loginFlag;

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(JournalCreate);
    const ctx = await this.context(flags);
    return createdJournal(await createJournal(ctx, flags.login));
  }
}
