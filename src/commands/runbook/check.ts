import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { runbookOf } from '../../cli/settings/settings.ts';
import type { Result } from '../../output/result.ts';
import { readRunbook, requireRunbook, runbookUnusable } from '../../support/runbook-file.ts';
import { renderChecked } from '../../support/support-views.ts';

export default class RunbookCheck extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Check a runbook.';
  static override description =
    `Exits with 2 if the runbook can't be used. A code that is not in the catalogue is only a warning, because Wise adds codes.
Without FILE, checks the runbook of the context.`;
  static override examples = [
    { description: 'Check a file.', command: 'kioskctl runbook check runbook.yaml' },
    { description: 'Check the runbook of the context.', command: 'kioskctl runbook check' },
    { description: 'Check in CI.', command: 'kioskctl runbook check runbook.yaml --json' },
  ];
  static override args = {
    file: Args.string({ ignoreStdin: true, description: 'Runbook to check, in YAML.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(RunbookCheck);
    const settings = await this.nameContext(flags);
    const file = args.file ?? requireRunbook(settings && runbookOf(settings));
    const { runbook, mistakes, warnings } = await readRunbook(file, this.files);
    const error = mistakes.length > 0 ? runbookUnusable(file, mistakes).toDocument() : null;
    const found = { file, valid: error === null, codes: runbook.pages.length, mistakes, warnings };
    return {
      exitCode: error ? 2 : 0,
      document: { ...found, ...(error && { error }) },
      text: (style) => renderChecked(found, style),
    };
  }
}
