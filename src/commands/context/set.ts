import { Args } from '@oclif/core';
import { ContextCommand } from '../../cli/context-edit-command.ts';
import { setValue } from '../../cli/settings/edit-contexts.ts';
import { parseValue, toSettingKey } from '../../cli/settings/parse-settings.ts';
import { SETTING_KEYS } from '../../cli/settings/setting-table.ts';
import type { Result } from '../../output/result.ts';

export default class ContextSet extends ContextCommand {
  static override summary = 'Change a setting of a context.';
  static override description =
    `Settings: ${SETTING_KEYS.join(', ')}. Changes the context of --context, otherwise the one in use.
Separate kiosks with commas or spaces. Pass a certificate as its two files, and a credential command word by word (after --
if a word begins with a dash). A secret can never be a setting.`;
  static override examples = [
    {
      description: 'Set the kiosks of the default context.',
      command: 'kioskctl context set kiosks WIS00001,WIS00002',
    },
    {
      description: 'Choose the default kiosk of another context.',
      command: 'kioskctl context set kiosk WIS00002 --context ci',
    },
    { description: 'Use mutual TLS.', command: 'kioskctl context set certificate client.pem client.key' },
    {
      description: 'Fetch tokens with a program.',
      command: "kioskctl context set credentialCommand --context bank -- vault-token --profile '{profileId}'",
    },
  ];
  static override args = {
    key: Args.string({ required: true, ignoreStdin: true, description: 'Name of the setting.' }),
    value: Args.string({
      required: true,
      multiple: true,
      ignoreStdin: true,
      description: 'Value of the setting.',
    }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(ContextSet);
    const key = toSettingKey(args.key);
    const value = parseValue(key, args.value);
    const name = await this.chosen(flags);
    const written = await this.change((file) => setValue(file, name, { key, value }));
    return this.edited(written, { name, done: `${key} of context ${name} is set.` });
  }
}
