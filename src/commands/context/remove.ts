import { Args } from '@oclif/core';
import { ContextCommand } from '../../cli/context-command.ts';
import type { Result } from '../../cli/output/result.ts';
import { removeContext, withoutContext } from '../../cli/settings/edit-contexts.ts';

export default class ContextRemove extends ContextCommand {
  static override summary = 'Forget the settings of a context.';
  static override examples = [
    '<%= config.bin %> context remove ci',
    '<%= config.bin %> context remove ci --json',
  ];
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: 'The context.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args } = await this.parse(ContextRemove);
    const { name } = args;
    const written = await this.change(
      (file) => removeContext(file, name),
      (raw) => withoutContext(raw, name),
    );
    return this.edited(written, { name, done: `The settings of context ${name} are removed.` });
  }
}
