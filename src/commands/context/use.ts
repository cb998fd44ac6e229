import { Args } from '@oclif/core';
import { ContextCommand } from '../../cli/context-edit-command.ts';
import { useContext } from '../../cli/settings/edit-contexts.ts';
import type { Result } from '../../output/result.ts';

export default class ContextUse extends ContextCommand {
  static override summary = 'Set the default context.';
  static override examples = [
    { description: 'Use the context ci by default.', command: 'kioskctl context use ci' },
    { description: 'Use the embedded sandbox by default.', command: 'kioskctl context use local --json' },
  ];
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: 'Name of the context.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args } = await this.parse(ContextUse);
    const { name } = args;
    const written = await this.change((file) => useContext(file, name));
    return this.edited(written, { name, done: `Context ${name} is the default.` });
  }
}
