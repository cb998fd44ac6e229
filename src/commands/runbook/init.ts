import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { toShell } from '../../domain/next-command.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import type { Result } from '../../output/result.ts';
import { runbookTemplate } from '../../support/support-views.ts';

export default class RunbookInit extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Write a runbook with all error codes to fill in.';
  static override description =
    `Without FILE, writes to standard output. An existing file is replaced only with --force. To use the runbook, set it in the
context: kioskctl context set runbook FILE.`;
  static override examples = [
    { description: 'Write a new file.', command: 'kioskctl runbook init runbook.yaml' },
    { description: 'Print it instead.', command: 'kioskctl runbook init > runbook.yaml' },
    {
      description: 'Replace an existing file.',
      command: 'kioskctl runbook init runbook.yaml --force --json',
    },
  ];
  static override args = {
    file: Args.string({ ignoreStdin: true, description: 'File to write; - is standard output.' }),
  };
  static override flags = {
    force: Flags.boolean({ summary: 'Replace an existing file.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(RunbookInit);
    await this.nameContext(flags);
    const content = runbookTemplate();
    const { file = '-' } = args;
    if (file === '-')
      return { exitCode: 0, document: { file: null, content }, text: () => content, isProduct: true };
    await this.files.write(file, [content], { force: flags.force });
    return {
      exitCode: 0,
      document: { file },
      text: () =>
        `Written to ${printable(file)}. Fill it in, then run: ${printable(toShell(['kioskctl', 'runbook', 'check', file]))}\n`,
    };
  }
}
