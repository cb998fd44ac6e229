import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { ownSettings } from '../../cli/settings/edit-contexts.ts';
import { findPaths } from '../../cli/settings/paths.ts';
import { readSettingsFile } from '../../cli/settings/settings-file.ts';
import { shareContext } from '../../cli/settings/shared-context.ts';
import { TerminalReport } from '../../cli/terminal/progress-display.ts';
import { printableJson } from '../../domain/text/terminal-text.ts';
import type { Result } from '../../output/result.ts';

export default class ContextExport extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Print a context without its secrets, to share it.';
  static override description =
    `The output is a file for "context add NAME --from FILE" on another machine. It has no credentials: log in there.
Files of this machine (certificate, runbook, public key, journal file) are left out and named on standard error.`;
  static override examples = [
    { description: 'Save a context to a file.', command: 'kioskctl context export bank > bank.json' },
    { description: 'Print it as part of a JSON document.', command: 'kioskctl context export bank --json' },
  ];
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: 'Name of the context.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args } = await this.parse(ContextExport);
    const { name } = args;
    const file = readSettingsFile(findPaths().settings);
    const { shared, omitted } = shareContext(name, ownSettings(file, name));
    this.named(name, shared.environment);
    if (omitted.length > 0) {
      new TerminalReport(this.io).note(
        `Not exported: ${omitted.join(', ')}. Set them with flags of context add.`,
      );
    }
    return {
      exitCode: 0,
      document: { name, exported: shared, omitted },
      text: () => `${printableJson(shared, 2)}\n`,
      isProduct: true,
    };
  }
}
