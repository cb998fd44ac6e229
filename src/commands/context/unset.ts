import { Args } from '@oclif/core';
import { ContextCommand } from '../../cli/context-edit-command.ts';
import { setValue, withoutField } from '../../cli/settings/edit-contexts.ts';
import { toSettingKey } from '../../cli/settings/parse-settings.ts';
import type { Result } from '../../output/result.ts';

export default class ContextUnset extends ContextCommand {
  static override summary = 'Remove a setting of a context.';
  static override description = `Changes the context of --context, otherwise the one in use.`;
  static override examples = [
    { description: 'Remove the card program.', command: 'kioskctl context unset program' },
    {
      description: 'Remove the default kiosk of another context.',
      command: 'kioskctl context unset kiosk --context ci --json',
    },
  ];
  static override args = {
    key: Args.string({ required: true, ignoreStdin: true, description: 'Name of the setting.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(ContextUnset);
    const key = toSettingKey(args.key);
    const name = await this.chosen(flags);
    const written = await this.change(
      (file) => setValue(file, name, { key, value: undefined }),
      (raw) => withoutField(raw, name, key),
    );
    return this.edited(written, { name, done: `${key} of context ${name} is unset.` });
  }
}
