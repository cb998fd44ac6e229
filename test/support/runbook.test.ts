import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProjectFile } from '../../src/cli/settings/project-file.ts';
import { readSettings, runbookOf } from '../../src/cli/settings/settings.ts';
import { openRunbook, requireRunbook } from '../../src/support/runbook-file.ts';
import { files, makeHome } from '../harness/command-line.ts';

const PAGE = 'version: 1\nproduction:\n  PRT_PAUSED: {owner: us}\n';

/** The settings of a context that names a runbook, in a home with that file. */
function settingsWith(content: string | null, runbook = 'runbooks/kiosks.yaml') {
  const home = makeHome({ version: 1, contexts: { local: { environment: 'local', runbook } } });
  mkdirSync(join(home, 'runbooks'));
  if (content !== null) writeFileSync(join(home, 'runbooks/kiosks.yaml'), content);
  return { home, settings: readSettings({}, { KIOSKCTL_HOME: home }) };
}

describe('the runbook of a context', () => {
  test('the runbook of a context is relative to the folder of the settings', async () => {
    const { home, settings } = settingsWith(PAGE);
    expect(runbookOf(settings)?.file).toBe(join(home, 'runbooks/kiosks.yaml'));
    const { pages } = await openRunbook({
      configured: runbookOf(settings),
      files,
      warn: expect.unreachable,
    })();
    expect(pages).toMatchObject([{ code: 'PRT_PAUSED', owner: 'us' }]);
  });

  test('the runbook of a context can have an absolute path', () => {
    const { settings } = settingsWith(null, '/etc/kiosks.yaml');
    expect(runbookOf(settings)?.file).toBe('/etc/kiosks.yaml');
  });

  test.each<[string, string | null, string]>([
    ['has a mistake', `${PAGE}oops: 1\n`, 'line 4, column 1'],
    ['is not there', null, 'there is no such file'],
  ])('the runbook of a context that %s causes one warning and no failure', async (_, content, why) => {
    const { settings } = settingsWith(content);
    const warnings: string[] = [];
    const read = openRunbook({
      configured: runbookOf(settings),
      files,
      warn: (text) => void warnings.push(text),
    });
    expect(await Promise.all([read(), read()])).toEqual([{ pages: [] }, { pages: [] }]);
    expect(warnings).toEqual([expect.stringContaining(why)]);
  });
});

describe('the runbook of a project file', () => {
  const LESS = 'version: 1\nproduction:\n  PRD_HOPPER_DOOR: {owner: us, retry: now}\n';

  async function read(given?: string) {
    const folder = makeHome();
    writeFileSync(join(folder, '.kioskctl.yaml'), 'runbook: theirs.yaml\n');
    writeFileSync(join(folder, 'theirs.yaml'), LESS);
    const project = await findProjectFile(folder, folder);
    const settings = readSettings({}, { KIOSKCTL_HOME: makeHome() }, project);
    const warnings: string[] = [];
    const open = openRunbook({
      given: given && join(folder, given),
      configured: runbookOf(settings),
      files,
      warn: (text) => void warnings.push(text),
    });
    const [{ pages }] = await Promise.all([open(), open()]);
    return { pages, warnings };
  }

  test('the runbook of a project file can’t allow retries without a fix, and a warning says so', async () => {
    const { pages, warnings } = await read();
    expect(pages).toMatchObject([{ code: 'PRD_HOPPER_DOOR', owner: 'us', retry: null }]);
    expect(warnings).toEqual([expect.stringContaining('PRD_HOPPER_DOOR')]);
  });

  test('a runbook of a flag may allow retries without a fix', async () => {
    const { pages, warnings } = await read('theirs.yaml');
    expect(pages).toMatchObject([{ retry: 'now' }]);
    expect(warnings).toEqual([]);
  });
});

test('a runbook of a flag with mistakes is a failure', async () => {
  const { home, settings } = settingsWith(PAGE);
  const given = join(home, 'nothing.yaml');
  const read = openRunbook({ given, configured: runbookOf(settings), files, warn: expect.unreachable });
  await expect(read()).rejects.toMatchObject({ code: 'invalid-input', exitCode: 2 });
});

test('without a runbook, there are no pages and nothing to check', async () => {
  const settings = readSettings({}, { KIOSKCTL_HOME: makeHome() });
  expect(await openRunbook({ configured: runbookOf(settings), files, warn: expect.unreachable })()).toEqual({
    pages: [],
  });
  expect(await openRunbook({ configured: null, files, warn: expect.unreachable })()).toEqual({ pages: [] });
  expect(() => requireRunbook(runbookOf(settings))).toThrow(
    expect.objectContaining({ code: 'usage', exitCode: 2 }),
  );
});
