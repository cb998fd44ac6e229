import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRunbook, requireRunbook, runbookOf } from '../../src/cli/runbook.ts';
import { readSettings } from '../../src/cli/settings/settings.ts';
import { makeHome } from './home.ts';

const PAGE = 'version: 1\nproduction:\n  PRT_PAUSED: {owner: us}\n';

/** The settings of a context that names a runbook, in a home with that file. */
function settingsWith(content: string | null, runbook = 'runbooks/kiosks.yaml') {
  const home = makeHome({ version: 1, contexts: { local: { environment: 'local', runbook } } });
  mkdirSync(join(home, 'runbooks'));
  if (content !== null) writeFileSync(join(home, 'runbooks/kiosks.yaml'), content);
  return { home, settings: readSettings({}, { KIOSKCTL_HOME: home }) };
}

describe('the runbook of a context', () => {
  test('is found from the folder of the settings', async () => {
    const { home, settings } = settingsWith(PAGE);
    expect(runbookOf(settings)).toBe(join(home, 'runbooks/kiosks.yaml'));
    const { pages } = await openRunbook({ settings, warn: expect.unreachable })();
    expect(pages).toMatchObject([{ code: 'PRT_PAUSED', owner: 'us' }]);
  });

  test('may be anywhere', () => {
    const { settings } = settingsWith(null, '/etc/kiosks.yaml');
    expect(runbookOf(settings)).toBe('/etc/kiosks.yaml');
  });

  test.each<[string, string | null, string]>([
    ['has a mistake', `${PAGE}oops: 1\n`, 'line 4, column 1'],
    ['is not there', null, 'there is no such file'],
  ])('that %s keeps nothing from working, and is told once', async (_, content, why) => {
    const { settings } = settingsWith(content);
    const warnings: string[] = [];
    const read = openRunbook({ settings, warn: (text) => void warnings.push(text) });
    expect(await Promise.all([read(), read()])).toEqual([{ pages: [] }, { pages: [] }]);
    expect(warnings).toEqual([expect.stringContaining(why)]);
  });
});

test('one that a flag names has to be right', async () => {
  const { home, settings } = settingsWith(PAGE);
  const given = join(home, 'nothing.yaml');
  const read = openRunbook({ given, settings, warn: expect.unreachable });
  await expect(read()).rejects.toMatchObject({ code: 'invalid-input', exitCode: 2 });
});

test('no runbook is an empty one, and nothing to check', async () => {
  const settings = readSettings({}, { KIOSKCTL_HOME: makeHome() });
  expect(await openRunbook({ settings, warn: expect.unreachable })()).toEqual({ pages: [] });
  expect(await openRunbook({ settings: null, warn: expect.unreachable })()).toEqual({ pages: [] });
  expect(() => requireRunbook(settings)).toThrow(expect.objectContaining({ code: 'usage', exitCode: 2 }));
});
