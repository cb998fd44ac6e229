import { BaseCommand } from '../cli/base-command.ts';
import { quietFlag } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import { listResult } from '../output/table.ts';
import { readBuiltIns } from '../scenarios/scenario-file.ts';
import { toScenarioDocument } from '../scenarios/scenario-views.ts';

export default class Scenarios extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'The scenarios that come with kioskctl: what each shows, and what it needs.';
  static override description =
    `Those that need the embedded sandbox set faults or move its clock; the others run on the vendor's, too.
Your own scenarios are files: docs/scenarios.md says what is in them.`;
  static override examples = [
    '<%= config.bin %> scenarios',
    '<%= config.bin %> scenarios --json',
    '<%= config.bin %> scenarios --quiet',
  ];
  static override flags = quietFlag;

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Scenarios);
    await this.nameContext(flags);
    const scenarios = await readBuiltIns({ root: this.config.root, files: this.files });
    return listResult(
      [
        ['Scenario', 'name'],
        ['Steps', 'stepCount'],
        ['Sandbox', ({ needsControl }) => (needsControl ? 'embedded' : 'any')],
        ['Shows', 'description'],
      ],
      scenarios,
      {
        document: { scenarios: scenarios.map(toScenarioDocument) },
        reference: ({ name }) => name,
        footer: () =>
          '\nRun one: kioskctl run happy-path. Start from one: kioskctl scenario show NAME > FILE.yaml\n',
      },
    );
  }
}
