import { BaseCommand } from '../../cli/base-command.ts';
import { listContexts } from '../../cli/settings/edit-contexts.ts';
import { findPaths } from '../../cli/settings/paths.ts';
import { readSettingsFile } from '../../cli/settings/settings-file.ts';
import { quietFlagFor, tableFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { listResult } from '../../output/table.ts';

export default class ContextList extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'List contexts.';
  static override examples = [
    { description: 'List the contexts.', command: 'kioskctl context list' },
    { description: 'List them as JSON.', command: 'kioskctl context list --json' },
  ];
  static override flags = { ...quietFlagFor('names'), ...tableFlags };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(ContextList);
    const { settings } = findPaths();
    const contexts = listContexts(readSettingsFile(settings));
    const current = (await this.nameContext(flags))?.contextName ?? null;
    return listResult(
      [
        ['', ({ name }) => (name === current ? '*' : '')],
        ['Context', 'name'],
        ['Environment', 'environment'],
        ['Profile', 'profileId', 3],
        ['Kiosks', ({ kiosks }) => kiosks.join(' ') || null, 2],
        ['Base URL', 'baseUrl', 1],
      ],
      contexts,
      {
        document: { contexts, current, settingsFile: settings },
        reference: ({ name }) => name,
      },
    );
  }
}
