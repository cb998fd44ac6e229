import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { INSTALLATION, SHELLS } from '../cli/completion/shells.ts';
import type { Result } from '../output/result.ts';

export default class Completion extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Print the completion script of a shell.';
  static override description =
    'Completes commands, flags, help topics, contexts, kiosks, error codes, and the cards and runs of the journal.';
  static override examples = [
    {
      description: 'Complete in bash: add this line to ~/.bashrc.',
      command: INSTALLATION.bash.line,
    },
    {
      description: 'Complete in zsh: add this line to ~/.zshrc, after compinit.',
      command: INSTALLATION.zsh.line,
    },
    {
      description: 'Complete in fish: add this line to ~/.config/fish/config.fish.',
      command: INSTALLATION.fish.line,
    },
    {
      description: 'Complete in PowerShell: add this line to the file that $PROFILE names.',
      command: INSTALLATION.powershell.line,
    },
  ];
  static override args = {
    shell: Args.string({
      required: true,
      ignoreStdin: true,
      options: [...SHELLS],
      description: 'Name of the shell.',
    }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Completion);
    const shell = SHELLS.find((known) => known === args.shell) ?? 'bash';
    const { completionScript } = await import('../cli/completion/scripts.ts');
    const script = completionScript(shell);
    await this.nameContext(flags);
    return { exitCode: 0, document: { shell, script }, text: () => script, isProduct: true };
  }
}
