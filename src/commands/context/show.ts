import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { renderValues } from '../../cli/settings/context-views.ts';
import { describeSettings } from '../../cli/settings/edit-contexts.ts';
import type { Result } from '../../output/result.ts';

export default class ContextShow extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'The values that commands use here, each with where it comes from.';
  static override description =
    'For each the first of these counts: flag, environment variable, project file, context, default.';
  static override examples = [
    '<%= config.bin %> context show',
    '<%= config.bin %> context show ci',
    '<%= config.bin %> context show --environment sandbox --json',
  ];
  static override args = {
    name: Args.string({ ignoreStdin: true, description: 'Another context than the one that is in use.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(ContextShow);
    const settings = await this.settings({ ...flags, context: args.name ?? flags.context });
    const { contextName, environment, chosenBy, project, paths } = settings;
    const values = describeSettings(settings);
    const shown = {
      context: { value: contextName, ...chosenBy },
      environment: { value: environment, ...chosenBy },
      ...values,
    };
    return {
      exitCode: 0,
      document: {
        name: contextName,
        chosenBy,
        values,
        settingsFile: paths.settings,
        projectFile: project && { file: project.file, isHeard: !project.isForeign },
      },
      text: async () => renderValues(shown),
    };
  }
}
