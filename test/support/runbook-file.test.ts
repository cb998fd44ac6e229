import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_CATALOGUE } from '../../src/domain/errors/error-catalogue.ts';
import { type LocatedDiagnostic } from '../../src/input/diagnostic.ts';
import { readRunbook, runbookUnusable } from '../../src/support/runbook-file.ts';
import { runbookTemplate } from '../../src/support/support-views.ts';
import { files, makeFolder } from '../harness/command-line.ts';

function written(content: string | Buffer): string {
  const file = join(makeFolder(), 'runbook.yaml');
  writeFileSync(file, content);
  return file;
}

async function mistakesIn(content: string): Promise<string[]> {
  return (await readRunbook(written(content), files)).mistakes.map(shown);
}

function shown({ line, column, path, message }: LocatedDiagnostic): string {
  return `${line}:${column} ${path} ${message}`;
}

const START = 'version: 1\nproduction:\n';

describe('a mistake in a runbook file is reported with its line and column:', () => {
  test.each<[string, string, string]>([
    [
      'a wrong key',
      `${START}  PRT_PAUSED:\n    ownr: x\n`,
      '4:5 production.PRT_PAUSED.ownr there is no “ownr” here',
    ],
    [
      'a wrong value',
      `${START}  PRT_PAUSED:\n    owner: 7\n`,
      '4:12 production.PRT_PAUSED.owner it is a number',
    ],
    [
      'a wrong step',
      `${START}  PRT_PAUSED:\n    steps:\n      - a\n      - [b]\n`,
      '6:9 production.PRT_PAUSED.steps.1 it is a list',
    ],
    ['a wrong code', `${START}\n  Paused:\n`, '4:3 production.Paused “Paused” is not an error code'],
    ['a wrong version', 'version: "1"\n', '1:10 version this version'],
    [
      'a key that is there twice',
      `${START}  PRT_PAUSED: {owner: a,\n      owner: b}\n`,
      '4:7  “owner” is there already, in line 3',
    ],
    [
      'a code that is there twice',
      `${START}  PRT_PAUSED:\n  PRT_PAUSED:\n`,
      '4:3  “PRT_PAUSED” is there already, in line 3',
    ],
    ['YAML that is none', `${START}  PRT_PAUSED: [\n`, '4:1  Flow sequence'],
    ['two documents', 'version: 1\n---\nversion: 1\n', '2:1  a second document begins here'],
    [
      'a mistake below an alias',
      `${START}  PRT_PAUSED: &p\n    owner: 7\n  PRT_TIMEOUT: *p\n`,
      '4:12 production.PRT_PAUSED.owner it is a number',
    ],
    ['nothing', '', '1:1  it is empty'],
    ['only comments', '# nothing yet\n', '1:1  it is empty'],
    ['something after a byte order mark', '\uFEFFversion: 2\n', '1:10 version this version'],
  ])('a mistake in a runbook file is reported with its line and column: %s', async (_, content, mistake) => {
    const [first = ''] = await mistakesIn(content);
    expect(first).toContain(mistake);
  });
});

test('the mistakes of a runbook file are sorted by line', async () => {
  const lines = await mistakesIn(
    `request:\n  PRT_PAUSED:\nproduction:\n  PRT_PAUSED: {x: 1, link: x}\n  a:\nb:\n`,
  );
  expect(lines.map((line) => Number(line.split(':')[0]))).toEqual([1, 2, 4, 4, 5, 6]);
});

test('the failure of a runbook shows the first mistake and the command for all', () => {
  const at = { column: 5, path: 'production.X', message: 'it is empty' };
  const failure = runbookUnusable('our runbook.yaml', [
    { line: 4, ...at },
    { line: 7, ...at },
  ]);
  expect(failure).toMatchObject({ code: 'invalid-input', exitCode: 2 });
  expect(failure.message).toContain('line 4, column 5: production.X: it is empty (and 1 more)');
  expect(failure.hint).toContain("kioskctl runbook check 'our runbook.yaml'");
});

describe('a file that somebody made to do harm', () => {
  test('a runbook file with exponential aliases is refused', async () => {
    const levels = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 8; level += 1)
      levels.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    expect(await mistakesIn(`${levels.join('\n')}\n`)).toEqual([expect.stringContaining('alias')]);
  });

  test('a deeply nested runbook file is refused', async () => {
    const [first] = await mistakesIn(`version: ${'['.repeat(100_000)}`);
    expect(first).toContain('nested too deeply');
  });

  test('a runbook file with very many keys is read quickly', async () => {
    const keys = Array.from({ length: 60_000 }, (_, index) => `  C${index}: {}`).join('\n');
    const { mistakes } = await readRunbook(written(`${START}${keys}\n`), files);
    expect(mistakes.map(shown)).toEqual(['3:3 production it has over 1000 names']);
  });

  test.each<[string, string | Buffer, string]>([
    ['over 1 MiB', Buffer.alloc(1024 * 1024 + 1, '#'), 'it has over 1024 KiB'],
    ['in no UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff]), 'not UTF-8'],
    ['with a NUL', 'version: 1\n\0', 'not UTF-8'],
  ])('%s is not read', async (_, content, message) => {
    await expect(readRunbook(written(content), files)).rejects.toMatchObject({
      code: 'invalid-input',
      exitCode: 2,
      message: expect.stringContaining(message),
    });
  });
});

test('codes can share steps with an alias', async () => {
  const content = `${START}  PRT_PAUSED:\n    steps: &s [Look., Wait.]\n  PRT_TIMEOUT:\n    steps: *s\n`;
  const { runbook, mistakes } = await readRunbook(written(content), files);
  expect(mistakes).toEqual([]);
  expect(runbook.pages.map(({ steps }) => steps)).toEqual([
    ['Look.', 'Wait.'],
    ['Look.', 'Wait.'],
  ]);
});

describe('the runbook that init writes', () => {
  test('the runbook of init has all codes and no mistakes', async () => {
    const text = runbookTemplate();
    const { runbook, mistakes, warnings } = await readRunbook(written(text), files);
    expect({ pages: runbook.pages, mistakes, warnings }).toEqual({ pages: [], mistakes: [], warnings: [] });
    for (const { code, meaning } of ERROR_CATALOGUE) {
      expect(text).toContain(`\n  ${code}:\n`);
      expect(text).toContain(`# ${meaning}\n`);
    }
  });

  test('the runbook of init has no mistakes when all fields are filled in', async () => {
    const filled = runbookTemplate()
      .replaceAll('# owner:\n', 'owner: us\n')
      .replaceAll('# steps:', 'steps:')
      .replaceAll('#   - "', '  - "')
      .replaceAll('# link: https://\n', 'link: https://wiki.bank.example/\n')
      .replaceAll('# contact: ""', 'contact: "#kiosks"')
      .replaceAll('# retry:', 'retry:');
    const { runbook, mistakes } = await readRunbook(written(filled), files);
    expect(mistakes).toEqual([]);
    expect(runbook.pages).toHaveLength(ERROR_CATALOGUE.length);
    for (const { kind, code, retry, nextStep } of ERROR_CATALOGUE) {
      const page = { kind, code, owner: 'us', retry, steps: [nextStep], contact: '#kiosks' };
      expect(runbook.pages).toContainEqual({ ...page, link: 'https://wiki.bank.example/' });
    }
  });
});
