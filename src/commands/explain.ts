import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { renderCatalogue, renderEntry } from '../cli/output/render-errors.ts';
import type { Result } from '../cli/output/result.ts';
import { ERROR_CATALOGUE, findErrors } from '../domain/error-catalogue.ts';
import { unknownCode } from '../domain/simulation.ts';

export default class Explain extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'What an error code means, who acts, and what to do next. Works offline.';
  static override examples = [
    '<%= config.bin %> explain PRD_HOPPER_DOOR',
    '<%= config.bin %> explain',
    '<%= config.bin %> explain PRT_RIBBON_ENDED --json',
  ];
  static override args = {
    code: Args.string({
      ignoreStdin: true,
      description: 'An error code of the vendor; without it, all of them.',
    }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Explain);
    await this.nameContext(flags);
    const { code } = args;
    if (code === undefined) {
      return {
        exitCode: 0,
        document: { errors: ERROR_CATALOGUE },
        text: async () => renderCatalogue(ERROR_CATALOGUE),
      };
    }
    const entries = findErrors(code);
    if (entries.length === 0) throw unknownCode(code);
    return {
      exitCode: 0,
      document: { errors: entries },
      text: (style) => entries.map((entry) => renderEntry(entry, style)).join('\n'),
    };
  }
}
