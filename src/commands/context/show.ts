import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { describeSettings } from '../../cli/settings/edit-contexts.ts';
import { tableFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { listResult } from '../../output/table.ts';

export default class ContextShow extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Show the settings in use and where they come from.';
  static override description =
    `The first of these sources that sets a value is used: flag, environment variable, project file, context, default.`;
  static override examples = [
    { description: 'Show the settings in use.', command: 'kioskctl context show' },
    { description: 'Show those of another context.', command: 'kioskctl context show ci' },
    {
      description: 'Show those of an environment as JSON.',
      command: 'kioskctl context show --environment sandbox --json',
    },
  ];
  static override args = {
    name: Args.string({ ignoreStdin: true, description: 'Context to show (default: the one in use).' }),
  };

  static override flags = tableFlags;

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(ContextShow);
    const settings = await this.settings({ ...flags, context: args.name ?? flags.context });
    const { contextName, environment, chosenBy, project, paths } = settings;
    const values = describeSettings(settings);
    const shown: Record<string, ShownValue> = {
      context: { value: contextName, ...chosenBy },
      environment: { value: environment, ...chosenBy },
      ...values,
    };
    return listResult(
      [
        ['Setting', 'key'],
        ['Value', ({ value }) => textOf(value)],
        ['From', originOf],
      ],
      Object.entries(shown).map(([key, value]) => ({ key, ...value })),
      {
        document: {
          name: contextName,
          chosenBy,
          values,
          settingsFile: paths.settings,
          projectFile: project && { file: project.file, isHeard: !project.isForeign },
        },
      },
    );
  }
}

interface ShownValue {
  value: string | number | readonly string[] | Readonly<Record<string, string>> | null;
  source: string;
  from: string | null;
}

function textOf(value: ShownValue['value']): string | null {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  return value === null ? null : Object.values(value).join(' ') || null;
}

function originOf({ value, source, from }: ShownValue): string | null {
  if (value === null) return null;
  if (source === 'context') return `context ${from ?? ''}`;
  return source === 'default' ? 'default' : from;
}
