import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import type { Result } from '../../output/result.ts';
import { runFlags, toValues } from '../../runs/run-flags.ts';
import { examineScenario } from '../../scenarios/examine.ts';
import { renderExamined, toScenarioDocument } from '../../scenarios/scenario-views.ts';

export default class ScenarioCheck extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Check a scenario file without sending anything.';
  static override description =
    `Exits with 2 if the scenario can't be run. With --data, also checks the columns and the values of each row.
For checks while you write, use its JSON Schema in your editor: schemas/scenario.json.`;
  static override examples = [
    { description: 'Check a file.', command: 'kioskctl scenario check flow.yaml' },
    {
      description: 'Check it with each row of its data.',
      command: 'kioskctl scenario check flow.yaml --data cards.csv',
    },
    {
      description: 'Check it with a variable.',
      command: 'kioskctl scenario check flow.yaml --var code=PRT_RIBBON_ENDED --json',
    },
  ];
  static override args = {
    scenario: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'Scenario file (YAML or JSON), or a built-in scenario.',
    }),
  };
  static override flags = { data: { ...runFlags.data, exclusive: [] }, var: runFlags.var };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(ScenarioCheck);
    const settings = await this.nameContext(flags);
    const file = args.scenario;
    const examined = await examineScenario(file, {
      root: this.config.root,
      files: this.files,
      dataFile: flags.data ?? null,
      values: toValues(flags.var ?? []),
      environment: settings?.environment ?? 'local',
    });
    const { scenario, mistakes, data, steps, failure } = examined;
    return {
      exitCode: failure ? 2 : 0,
      document: {
        file,
        valid: failure === null,
        scenario: scenario && { ...toScenarioDocument(scenario), ...(!failure && { steps: steps.most }) },
        mistakes,
        data,
        ...(failure && { error: failure.toDocument() }),
      },
      text: (style) => renderExamined(file, examined, style),
    };
  }
}
