// One of several processes that change the settings at once: sets one key, of 50 contexts, and ends.

import { setValue } from '../../../src/cli/settings/edit-contexts.ts';
import { parseValue, toSettingKey } from '../../../src/cli/settings/parse-settings.ts';
import { changeSettings } from '../../../src/cli/settings/write-settings.ts';

const [, , file = '', word = '', text = ''] = process.argv;
const key = toSettingKey(word);
const value = parseValue(key, [text]);
for (let turn = 0; turn < 50; turn += 1)
  await changeSettings(file, (settings) => setValue(settings, `c${turn}`, { key, value }));
