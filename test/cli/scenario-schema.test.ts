// What editors complete scenarios with, and what of it docs and built-in scenarios say.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { makeErrorScenario } from '../../scripts/error-scenario.ts';
import { makeScenarioSchema } from '../../scripts/scenario-schema.ts';
import { codesOf } from '../../src/domain/errors/error-catalogue.ts';
import { builtInScenarios } from '../../src/scenarios/built-in-scenarios.ts';
import { checkScenario } from '../../src/scenarios/check-scenario.ts';
import { readBuiltIns } from '../../src/scenarios/scenario-file.ts';
import { STEP_WORDS } from '../../src/scenarios/steps/definitions.ts';
import { EXPECTED_FIELDS } from '../../src/scenarios/steps/expectation.ts';
import { files } from '../harness/command-line.ts';

const ROOT = join(import.meta.dirname, '../..');
const published = readFileSync(join(ROOT, 'schemas/scenario.json'), 'utf8');
const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
const accepts = ajv.compile(JSON.parse(published) as object);

test('the published schema is up to date (npm run manifest writes it)', () => {
  expect(published === makeScenarioSchema()).toBe(true);
});

describe.each(builtInScenarios({ root: ROOT, files }))('%s', (name) => {
  const text = readFileSync(join(ROOT, `scenarios/${name}.yaml`), 'utf8');

  test('a built-in scenario is valid for the checks and for the schema', () => {
    const content: unknown = parse(text);
    expect(checkScenario(content)).toMatchObject({ mistakes: [], scenario: { name } });
    expect([accepts(content), accepts.errors]).toEqual([true, null]);
  });

  test('a built-in scenario begins with a comment about its purpose', () => {
    expect(text).toMatch(/^# [A-Z].*\n(# .*\n)*# Needs .*\n(# .*\n)*version: 1\n/);
  });
});

test.each(EXPECTED_FIELDS)('docs name what can be expected: %s', (name) => {
  expect(readFileSync(join(ROOT, 'docs/scenarios.md'), 'utf8')).toContain(`\`${name}\``);
});

test.each(STEP_WORDS)('docs explain the step %s', (word) => {
  expect(readFileSync(join(ROOT, 'docs/scenarios.md'), 'utf8')).toMatch(new RegExp(`\`(- )?${word}[\`:]`));
});

test('the built-in scenarios are complete', async () => {
  expect(builtInScenarios({ root: ROOT, files })).toEqual([
    'approval-required',
    'every-error-code',
    'happy-path',
    'hopper-door',
    'limit-reached',
    'lost-answer',
    'not-collected',
    'over-60-days',
    'rate-limited',
    'request-refused',
  ]);
  const controlled = (await readBuiltIns({ root: ROOT, files })).filter(({ needsControl }) => needsControl);
  expect(controlled.map(({ name }) => name)).toEqual([
    'approval-required',
    'lost-answer',
    'over-60-days',
    'rate-limited',
  ]);
});

test('the scenario every-error-code has each documented production code', () => {
  const text = readFileSync(join(ROOT, 'scenarios/every-error-code.yaml'), 'utf8');
  const codes = [...text.matchAll(/\{code: (\w+),/g)].map(([, code = '']) => code);
  expect(text, 'run npm run manifest').toBe(makeErrorScenario());
  const documented = codesOf('production');
  expect(codes).toEqual(documented);
});

describe('the schema rejects what the checks reject:', () => {
  const wrong: Record<string, unknown> = {
    'an unknown step': ['order', 'waitready'],
    'an unknown step with a value': ['order', { produse: 'WIS00001' }],
    'two steps in one': ['order', { produce: null, simulate: 'PRODUCED' }],
    'a step of no word': ['order', { timeout: '3s' }],
    'an option below its step': ['order', { 'wait-ready': { timeout: '3s' } }],
    'a wrong duration': ['order', { 'wait-ready': null, timeout: '3 s' }],
    'a wrong code': ['order', { simulate: 'PRODUCTION_ERROR:NONE' }],
    'a wrong field': ['order', { expect: { stag: 'ready' } }],
    'a wrong stage': ['order', { expect: { stage: 'redy' } }],
    'a wrong exit code': ['order', { expect: { exitCode: 99 } }],
    'a wrong kiosk': ['order', { produce: 'WIS 1' }],
    'a wrong fault': [{ fault: { kind: 'answr' } }],
    'a loop without steps': [{ repeat: { times: 3 } }],
    'an unknown field of an order': [{ order: { cardHolderNam: 'x' } }],
    'no steps': [],
  };

  test.each(Object.entries(wrong))('the schema of scenarios rejects %s, as the checks do', (_, steps) => {
    const content = { version: 1, name: 'x', steps };
    expect(accepts(content)).toBe(false);
    expect(checkScenario(content).mistakes).not.toEqual([]);
  });
});

test('every field of a step has a description in the schema', () => {
  const { $defs } = JSON.parse(published) as { $defs: { step: { anyOf: Record<string, unknown>[] } } };
  const silent: string[] = [];
  const visit = (schema: unknown, name: string) => {
    if (typeof schema !== 'object' || schema === null) return;
    for (const [key, inner] of Object.entries(schema)) {
      if (key === 'properties') {
        for (const [field, one] of Object.entries(inner as Record<string, object>)) {
          if (!('description' in one) && !name.endsWith('address')) silent.push(`${name}.${field}`);
          visit(one, `${name}.${field}`);
        }
      } else visit(inner, name);
    }
  };
  visit($defs.step, 'step');
  expect(silent).toEqual([]);
});

const examples = globSync('docs/*.md', { cwd: ROOT }).flatMap((doc) =>
  [...readFileSync(join(ROOT, doc), 'utf8').matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)]
    .map(([, , text = '']) => text)
    .filter((text) => /^steps:/m.test(text))
    .map((text, index) => [`${doc} ${index + 1}`, text] as const),
);

test.each(examples)('%s is right', (_, text) => {
  const content: unknown = parse(text);
  expect(checkScenario(content).mistakes).toEqual([]);
  expect([accepts(content), accepts.errors]).toEqual([true, null]);
});
