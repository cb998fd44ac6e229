import { BaseCommand } from '../../cli/base-command.ts';
import { loginFlag } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { upgradedJournal } from '../../support/journal/journal-views.ts';
import { upgradeJournal } from '../../support/journal/server-journal.ts';

export default class JournalUpgrade extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Upgrade the schema of a journal in PostgreSQL.';
  static override description =
    `Other commands may run meanwhile: they wait. Within a major version, an upgrade only adds to the schema, so that
commands of older versions continue to work. If two upgrades run at the same time, one of them changes the schema.

Also installs or upgrades the job queue of kioskctl serve, if the package graphile-worker is installed (docs/serve.md).

A journal in a file needs no upgrade: the first command of a new version changes it.`;
  static override examples = [
    {
      description: 'Upgrade the journal with a login that has the owner role.',
      command: 'kioskctl journal upgrade --login postgres --context bank',
    },
  ];
  static override flags = loginFlag;

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(JournalUpgrade);
    const ctx = await this.context(flags);
    return upgradedJournal(await upgradeJournal(ctx, flags.login));
  }
}
