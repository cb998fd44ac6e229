import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LocatedDiagnostic } from '../../src/input/diagnostic.ts';
import { makeStyle } from '../../src/output/style.ts';
import { examineScenario } from '../../src/scenarios/examine.ts';
import { builtInText, readScenario, scenarioUnusable } from '../../src/scenarios/scenario-file.ts';
import { renderExamined } from '../../src/scenarios/scenario-views.ts';
import { files, makeFolder } from '../harness/command-line.ts';

const root = join(import.meta.dirname, '../..');
const START = 'version: 1\nname: test\nsteps:\n  - order\n';

function written(content: string | Buffer, name = 'flow.yaml'): string {
  const file = join(makeFolder(), name);
  writeFileSync(file, content);
  return file;
}

async function mistakesIn(content: string): Promise<string[]> {
  const { scenario, mistakes } = await readScenario(written(content), { root, files });
  expect(scenario === null).toBe(mistakes.length > 0);
  return mistakes.map(shown);
}

function shown({ line, column, path, message }: LocatedDiagnostic): string {
  return `${line}:${column} ${path} ${message}`;
}

describe('a mistake in a file', () => {
  test.each<[string, string, string]>([
    ['an unknown step', `${START}  - waitready\n`, '5:5 steps.1 there is no step “waitready”'],
    [
      'an unknown step with a value',
      `${START}  - produse: WIS00001\n`,
      '5:5 steps.1.produse there is no step “produse”',
    ],
    [
      'a wrong type',
      `${START}  - repeat: {times: x, steps: [produce]}\n`,
      '5:21 steps.1.repeat.times it is text',
    ],
    [
      'a missing variable',
      `${START}  - produce: \${kiosk1}\n`,
      '5:14 steps.1.produce there is no variable “kiosk1”',
    ],
    [
      'two steps in one',
      `${START}  - produce: WIS00001\n    simulate: PRODUCED\n`,
      '6:5 steps.1.simulate “produce” and “simulate”',
    ],
    [
      'an unknown field',
      `${START}  - expect:\n      stage: ready\n      stge: ready\n`,
      '7:7 steps.1.expect.stge there is no “stge” here',
    ],
    [
      'a key that is there twice',
      `${START}  - expect: {stage: ready, stage: failed}\n`,
      '5:28  “stage” is there already, in line 5',
    ],
    ['a tab', `${START}  - expect:\n\t  stage: ready\n`, '6:1  '],
    [
      'text with a variable between braces',
      `${START}  - produce: {kiosk: \${kiosk}}\n`,
      'put text with ${…} in quotes',
    ],
    [
      'something after a byte order mark',
      '\uFEFFversion: 2\nname: x\nsteps: [order]\n',
      '1:10 version “2” is not 1',
    ],
    ['nothing', '', '1:1  it is empty'],
    [
      'a word without a colon',
      `${START}  - wait-produced\n    on-failure: continue\n`,
      '5:5  put a colon after “wait-produced”',
    ],
    [
      'a word without a colon, with a remark',
      `${START}  - order # one\n      profileId: 1\n`,
      '5:5  put a colon after “order”',
    ],
    [
      'a word and its value without a colon, with an option',
      `${START}  - simulate PRODUCTION_ERROR:CB_TIME\n    on-failure: continue\n`,
      '5:5  a colon is missing: simulate: PRODUCTION_ERROR:CB_TIME',
    ],
    [
      'a word and its value without a colon',
      `${START}  - simulate PRODUCED\n`,
      '5:5 steps.1 a colon is missing: simulate: PRODUCED',
    ],
    [
      'a field beside its word',
      `${START}  - order:\n    cardHolderName: Sam\n`,
      '6:5 steps.1.cardHolderName “cardHolderName” belongs below “order”: move it to the right',
    ],
    ['a second document', `${START}---\na: 1\n`, '5:1  a second document begins here'],
    ['an alias of nothing', `${START}  - produce: *kiosk\n`, '5:14  “*kiosk” repeats what no “&kiosk”'],
    [
      'a loop that contains itself',
      `${START}  - repeat: &loop\n      times: 2\n      steps: [produce, repeat: *loop]\n`,
      '6:7 steps.1.repeat.steps.1.repeat it contains itself',
    ],
  ])('is reported with its line and column: %s', async (_, content, mistake) => {
    expect((await mistakesIn(content)).join('\n')).toContain(mistake);
  });
});

describe('a malicious file', () => {
  const aliases = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 8; level += 1)
    aliases.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
  const wide = `a: &a [${'x, '.repeat(20_000)}x]\nb: [${'*a, '.repeat(150)}*a]\n`;
  const loops = `${START}${[...Array(8).keys()].map((level) => `${' '.repeat(2 + 8 * level)}- repeat:\n${' '.repeat(6 + 8 * level)}  times: 9999\n${' '.repeat(6 + 8 * level)}  steps:\n`).join('')}${' '.repeat(70)}- produce\n`;

  test.each<[string, string, string]>([
    ['aliases that multiply', `${aliases.join('\n')}\n`, '8:55  aliases like “*a6” repeat each other'],
    ['aliases of something long', wide, 'it has over 100000 values'],
    ['brackets without end', `steps: ${'['.repeat(100_000)}`, 'nested too deeply'],
    ['loops that explode', loops, 'it comes to over 10000 steps for one card'],
    [
      'very many keys',
      `${START}${Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join('\n')}\n`,
      'there is no “k0” here',
    ],
  ])(
    'a malicious scenario file with %s is rejected with a mistake that says so',
    async (_, content, message) => {
      expect((await mistakesIn(content))[0]).toContain(message);
    },
    // A loaded machine needs seconds; what it guards against takes hours.
    60_000,
  );

  test('a missing colon is reported as a single mistake', async () => {
    expect(await mistakesIn(`steps: ${'['.repeat(100_000)}`)).toHaveLength(1);
    expect(await mistakesIn('{a: '.repeat(200))).toHaveLength(1);
  });

  test.each<[string, string | Buffer, string]>([
    ['10 MB', Buffer.alloc(10_000_000, '#'), 'it has over 1024 KiB'],
    ['no UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff]), 'not UTF-8'],
    ['a NUL', 'version: 1\n\0', 'not UTF-8'],
  ])('%s is rejected as unreadable', async (_, content, message) => {
    await expect(readScenario(written(content), { root, files })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(message),
    });
  });

  test('a folder and a missing file are rejected as unreadable', async () => {
    const folder = join(makeFolder(), 'flow.yaml');
    mkdirSync(folder);
    const failure = { code: 'invalid-input', exitCode: 2 };
    await expect(readScenario(folder, { root, files })).rejects.toMatchObject(failure);
    await expect(readScenario(`${folder}.json`, { root, files })).rejects.toMatchObject(failure);
  });
});

describe('the source of a scenario', () => {
  test('a scenario is a built-in one if its name is known, otherwise a file', async () => {
    const builtIn = await readScenario('happy-path', { root, files });
    expect(builtIn).toMatchObject({ source: { kind: 'built-in', name: 'happy-path' }, mistakes: [] });
    expect(builtIn.text).toBe(builtInText('happy-path', { root, files }));
    const file = written(builtIn.text, 'happy-path');
    const own = await readScenario(file, { root, files });
    expect(own).toMatchObject({ source: { kind: 'file', path: file }, fingerprint: builtIn.fingerprint });
    expect(own.placeOf(['steps', 1])).toEqual(builtIn.placeOf(['steps', 1]));
  });

  test('a built-in scenario is suggested for a misspelled name', async () => {
    const failure = { code: 'usage', exitCode: 2, hint: expect.stringContaining('hopper-door') };
    await expect(readScenario('hopper-dor', { root, files })).rejects.toMatchObject(failure);
    expect(() => builtInText('../package', { root, files })).toThrow('There is no scenario');
    expect(() => builtInText('hopper-dor', { root, files })).toThrow('There is no scenario');
  });

  test('a scenario file can be JSON', async () => {
    const content = JSON.stringify(
      { version: 1, name: 'x', steps: ['order', { produce: 'WIS 1' }] },
      null,
      2,
    );
    expect(await mistakesIn(content)).toEqual([
      expect.stringContaining('7:18 steps.1.produce it is not a kiosk id'),
    ]);
  });
});

test('an unusable scenario fails with its first mistake and the command that lists all', async () => {
  const { mistakes } = await readScenario(written(`${START}  - a\n  - b\n`), { root, files });
  const failure = scenarioUnusable('our flow.yaml', mistakes);
  expect(failure).toMatchObject({ code: 'invalid-input', exitCode: 2 });
  expect(failure.message).toContain('line 5, column 5: steps.1: there is no step “a” (and 1 more)');
  expect(failure.hint).toContain("kioskctl scenario check 'our flow.yaml'");
});

describe('scenario check', () => {
  const options = { root, files, dataFile: null, values: {}, environment: 'local' };
  const NEEDY =
    'version: 1\nname: x\nvariables: {code: {required: true}}\nsteps: [order, produce, {simulate: "PRODUCTION_ERROR:${code}"}]\n';

  test('scenario check accepts a file whose required variables are set only for the run', async () => {
    expect(await examineScenario(written(NEEDY), options)).toMatchObject({ failure: null, mistakes: [] });
    const { mistakes } = await examineScenario(written(NEEDY), { ...options, values: { code: 'PRT_PAUSD' } });
    expect(mistakes).toMatchObject([{ line: 4, path: 'steps.2.simulate' }]);
  });

  test('scenario check counts steps with the values that are set, and lists only the other variables as required', async () => {
    const flow = written(
      'version: 1\nname: x\nvariables: {n: {required: true}, m: 1}\nsteps: [order, {repeat: {times: "${n}", steps: [cancel, cancel]}}]\n',
    );
    expect(await examineScenario(flow, options)).toMatchObject({ steps: { most: 3 }, toGive: ['n'] });
    const given = await examineScenario(flow, { ...options, values: { n: '4' } });
    expect(given).toMatchObject({ steps: { least: 9, most: 9 }, toGive: [] });
    expect(renderExamined('f', given, makeStyle(false))).toBe('✓ f: 9 steps a card.\n');
    const dataFile = written('n\n2\n1\n', 'cards.csv');
    const rows = await examineScenario(flow, { ...options, dataFile });
    expect(renderExamined('f', rows, makeStyle(false))).toBe('✓ f: 3 to 5 steps a card, 2 rows.\n');
  });

  test('scenario check keeps the question mark at the end of a message', async () => {
    const dataFile = written('cod\nPRT_PAUSED\n', 'cards.csv');
    const flow = written('version: 1\nname: x\nvariables: {code: 1}\nsteps: [order]\n');
    const { failure } = await examineScenario(flow, { ...options, dataFile });
    expect(failure?.message).toMatch(/did you mean code\?$/);
  });

  test('scenario check validates each row of the data', async () => {
    const dataFile = written('code,kiosk\nPRT_PAUSED,WIS00001\nPRT_PAUSD,WIS00001\n,WIS00001\n', 'cards.csv');
    const { data, failure } = await examineScenario(written(NEEDY), { ...options, dataFile });
    expect(failure).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('line 3') });
    expect(data).toMatchObject({ rows: 3, mistakes: [{ line: 3 }, { line: 4 }] });
    expect(data?.mistakes[0]?.message).toContain('(line 4 of the scenario)');
    expect(data?.mistakes[1]?.message).toContain('“code” is required');
  });
});
