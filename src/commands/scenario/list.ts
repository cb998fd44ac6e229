import { BaseCommand } from '../../cli/base-command.ts';
import { quietFlagFor, tableFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { listResult } from '../../output/table.ts';
import { readBuiltIns } from '../../scenarios/scenario-file.ts';
import { toScenarioDocument } from '../../scenarios/scenario-views.ts';

export default class ScenarioList extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'List the built-in scenarios.';
  static override description =
    `Some need the embedded sandbox, because they set faults or move its clock; the others also run in the sandbox of Wise.
To write your own scenarios, see docs/scenarios.md.`;
  static override examples = [
    { description: 'List the scenarios.', command: 'kioskctl scenario list' },
    { description: 'List them as JSON.', command: 'kioskctl scenario list --json' },
    { description: 'Print only their names.', command: 'kioskctl scenario list --quiet' },
  ];
  static override aliases = ['scenarios'];
  static override flags = { ...quietFlagFor('names'), ...tableFlags };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(ScenarioList);
    await this.nameContext(flags);
    const scenarios = await readBuiltIns({ root: this.config.root, files: this.files });
    return listResult(
      [
        ['Scenario', 'name'],
        ['Steps', 'stepCount', 1],
        ['Sandbox', ({ needsControl }) => (needsControl ? 'embedded' : 'any'), 2],
        ['Shows', 'description'],
      ],
      scenarios,
      {
        document: { scenarios: scenarios.map(toScenarioDocument) },
        reference: ({ name }) => name,
        footer: () =>
          '\nRun one: kioskctl run happy-path. Start from one: kioskctl scenario show <NAME> > <FILE>\n',
      },
    );
  }
}
