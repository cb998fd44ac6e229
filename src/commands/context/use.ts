import { Args } from '@oclif/core';
import { ContextCommand } from '../../cli/context-edit-command.ts';
import { useContext } from '../../cli/settings/edit-contexts.ts';
import type { Result } from '../../output/result.ts';

export default class ContextUse extends ContextCommand {
  static override summary = 'Make a context the one that commands use when nothing else is said.';
  static override examples = [
    '<%= config.bin %> context use ci',
    '<%= config.bin %> context use local --json',
  ];
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: 'The context.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args } = await this.parse(ContextUse);
    const { name } = args;
    const written = await this.change((file) => useContext(file, name));
    return this.edited(written, { name, done: `Context ${name} is the current one.` });
  }
}
