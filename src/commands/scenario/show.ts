import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import type { Result } from '../../output/result.ts';
import { builtInText } from '../../scenarios/scenario-file.ts';

export default class ScenarioShow extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Print a built-in scenario.';
  static override examples = [
    { description: 'Print a scenario.', command: 'kioskctl scenario show hopper-door' },
    {
      description: 'Start your own scenario from it.',
      command: 'kioskctl scenario show hopper-door > our-door.yaml',
    },
    {
      description: 'Print it as part of a JSON document.',
      command: 'kioskctl scenario show happy-path --json',
    },
  ];
  static override args = {
    scenario: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'Name of a built-in scenario: see kioskctl scenario list.',
    }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(ScenarioShow);
    await this.nameContext(flags);
    const content = builtInText(args.scenario, { root: this.config.root, files: this.files });
    return {
      exitCode: 0,
      document: { name: args.scenario, content },
      text: () => content,
      isProduct: true,
    };
  }
}
