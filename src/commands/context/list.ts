import { BaseCommand } from '../../cli/base-command.ts';
import { renderContexts } from '../../cli/settings/context-views.ts';
import { listContexts } from '../../cli/settings/edit-contexts.ts';
import { findPaths } from '../../cli/settings/paths.ts';
import { readSettingsFile } from '../../cli/settings/settings-file.ts';
import { quietFlag } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';

export default class ContextList extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'The contexts, and which of them commands use.';
  static override examples = ['<%= config.bin %> context list', '<%= config.bin %> context list --json'];
  static override flags = quietFlag;

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(ContextList);
    const { settings } = findPaths();
    const contexts = listContexts(readSettingsFile(settings));
    const current = (await this.nameContext(flags))?.contextName ?? null;
    return {
      exitCode: 0,
      document: { contexts, current, settingsFile: settings },
      references: contexts.map(({ name }) => name),
      text: async () => renderContexts(contexts, current),
    };
  }
}
