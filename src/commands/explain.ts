import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { unknownCode } from '../domain/errors/error-catalogue.ts';
import { allErrors, explainError, withAdvice } from '../domain/runbook.ts';
import { runbookFlag, tableFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import { renderCatalogue, renderEntry } from '../support/support-views.ts';

export default class Explain extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Explain an error code: its meaning, owner and next step.';
  static override description =
    `Works offline. Includes your team's runbook entry if the context has a runbook (see kioskctl runbook init).`;
  static override examples = [
    { description: 'Explain a code.', command: 'kioskctl explain PRD_HOPPER_DOOR' },
    { description: 'List all codes.', command: 'kioskctl explain' },
    { description: 'Explain a code as JSON.', command: 'kioskctl explain PRT_RIBBON_ENDED --json' },
    {
      description: "Add your team's instructions.",
      command: 'kioskctl explain PRD_HOPPER_DOOR --runbook runbook.yaml',
    },
  ];
  static override args = {
    code: Args.string({
      ignoreStdin: true,
      description: 'Error code of Wise (default: list all codes).',
    }),
  };

  static override flags = { ...runbookFlag, ...tableFlags };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Explain);
    const runbook = await this.runbook(flags);
    const { code } = args;
    const entries = code === undefined ? allErrors(runbook) : explainError(runbook, code);
    if (code !== undefined && entries.length === 0) throw unknownCode(code);
    return {
      exitCode: 0,
      document: { errors: entries.map((entry) => withAdvice(runbook, entry)) },
      text: async (style) =>
        code === undefined
          ? renderCatalogue(entries, { runbook, style })
          : entries.map((entry) => renderEntry(entry, { runbook, style })).join('\n'),
    };
  }
}
