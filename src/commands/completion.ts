import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { completionScript, SHELLS } from '../cli/completion/scripts.ts';
import type { Result } from '../output/result.ts';

export default class Completion extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Print a script that lets the tab key complete kioskctl in bash, zsh or fish.';
  static override description =
    `It completes commands, flags, contexts, kiosks, error codes, and the cards that the journal knows.
Put its line into ~/.bashrc, ~/.zshrc (after compinit) or ~/.config/fish/config.fish.`;
  static override examples = [
    'source <(<%= config.bin %> completion bash)',
    'source <(<%= config.bin %> completion zsh)',
    '<%= config.bin %> completion fish | source',
  ];
  static override args = {
    shell: Args.string({
      required: true,
      ignoreStdin: true,
      options: [...SHELLS],
      description: 'Which shell.',
    }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Completion);
    const shell = SHELLS.find((known) => known === args.shell) ?? 'bash';
    const script = completionScript(shell);
    await this.nameContext(flags);
    return { exitCode: 0, document: { shell, script }, text: () => script, isProduct: true };
  }
}
