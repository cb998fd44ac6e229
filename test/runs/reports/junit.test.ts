import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunCard, RunRecord } from '../../../src/domain/run.ts';
import { junit } from '../../../src/runs/reports/junit.ts';
import { makeFolder } from '../../harness/command-line.ts';
import {
  hostileCard,
  interruptedCard,
  mixedCards,
  notStartedCard,
  passedCard,
  reportOf,
  textOf,
} from '../../harness/run-records.ts';
import { problemsOf, xpath } from './programs.ts';

async function report(cards: readonly RunCard[], more: Partial<RunRecord> = {}) {
  const file = join(makeFolder(), 'junit.xml');
  const xml = await textOf(junit(await reportOf(cards, more)));
  return { xml, file, problems: problemsOf(xml, file), at: (expression: string) => xpath(file, expression) };
}

describe('a JUnit report', () => {
  test.each([
    { name: 'every outcome', cards: [...mixedCards(), interruptedCard(8)] },
    { name: 'hostile text', cards: [hostileCard(1)] },
    { name: 'no card at all', cards: [] },
    { name: 'nothing was started', cards: [notStartedCard(1)] },
  ])('is valid by the schema of Jenkins: $name', async ({ cards }) =>
    expect((await report(cards)).problems).toEqual([]),
  );

  test('the schema would tell', async () => {
    const { xml, file } = await report([passedCard(1)]);
    expect(problemsOf(xml.replace('<testcase', '<tescase').replace('tests=', 'test='), file)).not.toEqual([]);
  });

  test('has a suite a scenario, a case a step a card, and counts them as they are', async () => {
    const { at } = await report([...mixedCards(), interruptedCard(8)]);
    expect(at('string(//testsuite/@name)')).toBe('hopper-door');
    for (const [name, path] of [
      ['tests', 'testcase'],
      ['failures', 'failure'],
      ['errors', 'error'],
      ['skipped', 'skipped'],
    ])
      expect(at(`string(//testsuite/@${name})`), name).toBe(at(`count(//${path})`));
    expect(at('string(//testsuite/@tests)')).toBe('38');
    expect(at('string(//testcase[@classname="hopper-door.card-4"][4]/@name)')).toBe('4. wait-produced');
    expect(at('string(//testcase[@classname="hopper-door.card-4"][4]/@time)')).toBe('1.600');
    expect(at('string(//testsuite/@time)')).toBe('60.000');
    expect(at('string(//testsuite/@timestamp)')).toBe('2026-11-22T10:00:00');
    expect(at('string(//testsuite/@hostname)')).toBe('ci-runner-1');
    expect(at('string(//property[@name="environment"]/@value)')).toBe('sandbox');
    expect(at('string(//property[@name="requests.limited"]/@value)')).toBe('1');
  });

  test('has a skipped case for each card that an interrupted run had not come to', async () => {
    const { at, problems } = await report([passedCard(1), interruptedCard(3)], { cards: 5, endedAt: null });
    expect(problems).toEqual([]);
    for (const number of [2, 4, 5])
      expect(
        at(`count(//testcase[@classname="hopper-door.card-${number}"][@name="not started"]/skipped)`),
      ).toBe('1');
    expect(at('string(//testsuite/@tests)')).toBe(at('count(//testcase)'));
    expect(at('string(//testsuite/@skipped)')).toBe(at('count(//skipped)'));
  });

  test('tells of a failed step all that is needed to find it again', async () => {
    const { at } = await report(mixedCards());
    const failure = '//testcase[@classname="hopper-door.card-4"]/failure';
    expect(at(`string(${failure}/@type)`)).toBe('production-failed');
    expect(at(`string(${failure}/@message)`)).toContain('The hopper door is open.');
    const text = at(`string(${failure})`);
    for (const told of [
      'hint: Close the hopper door, then retry.',
      'exit code: 4',
      'kiosk: WIS00002',
      'profile: 1001',
      'order: 504',
      'card token: ca0c8154-1e14-4464-a1ce-000000000004',
      'attempt: 7b1c6f0e-52a8-4a77-8a8e-000000000004',
      'error code: PRD_HOPPER_DOOR',
      'correlation id: corr-0815',
      'trace id: trace-4711',
      'at /home/ada/scenarios/hopper-door.yaml:16',
    ])
      expect(text).toContain(told);
  });

  test('tells what was expected; what the scenario goes on after has passed, and says so', async () => {
    const { at } = await report(mixedCards());
    const unmet = '//testcase[@classname="hopper-door.card-3"][7]/failure';
    expect(at(`string(${unmet}/@message)`)).toBe(
      'attempt: expected one of 1, 3, was 2; duration: expected at most 1s, was 1.8s',
    );
    expect(at(`string(${unmet})`)).toMatch(/expected: one of 1, 3\n +actual: +2/);
    const tolerated = '//testcase[@classname="hopper-door.card-3"][4]';
    expect(at(`count(${tolerated}/failure)`)).toBe('0');
    expect(at(`string(${tolerated}/system-out)`)).toContain('the scenario goes on after it');
  });

  test('text from outside stays text', async () => {
    const { at, xml } = await report([hostileCard(1)]);
    expect(at('count(//script)')).toBe('0');
    expect(at('string(//failure/@message)')).toContain('<script>alert(1)</script> ]]> &amp; "\'`');
    // Line breaks are the only ones of their kind, and no character is half of one.
    expect(xml.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Cn}]/u);
  });
});
