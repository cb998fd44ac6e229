import { describe, expect, test } from 'vitest';
import type { RunCard, RunRecord } from '../../../src/domain/run.ts';
import { junit } from '../../../src/runs/reports/junit.ts';
import {
  hostileCard,
  interruptedCard,
  mixedCards,
  notStartedCard,
  passedCard,
  reportOf,
  textOf,
} from '../../harness/run-records.ts';
import { problemsOf, valuesIn } from './xml.ts';

async function report(cards: readonly RunCard[], more: Partial<RunRecord> = {}): Promise<string> {
  return textOf(junit(await reportOf(cards, more)));
}

function mapValues<Name extends string>(
  values: Record<Name, string>,
  change: (value: string, name: Name) => string,
): Record<Name, string> {
  const entries = Object.entries(values) as [Name, string][];
  return Object.fromEntries(entries.map(([name, value]) => [name, change(value, name)])) as Record<
    Name,
    string
  >;
}

/** Counts the skipped cases of a card. */
function skipped(card: number): string {
  return `count(//testcase[@classname="hopper-door.card-${card}"][@name="not started"]/skipped)`;
}

describe('a JUnit report', () => {
  test.each([
    { name: 'every outcome', cards: [...mixedCards(), interruptedCard(8)] },
    { name: 'hostile text', cards: [hostileCard(1)] },
    { name: 'no card at all', cards: [] },
    { name: 'nothing was started', cards: [notStartedCard(1)] },
  ])('a JUnit report is valid by the schema of Jenkins: $name', async ({ cards }) =>
    expect(await problemsOf(await report(cards))).toEqual([]),
  );

  test('the schema of Jenkins rejects an invalid report', async () => {
    const xml = await report([passedCard(1)]);
    const broken = xml.replace('<testcase', '<tescase').replace('tests=', 'test=');
    expect(await problemsOf(broken)).not.toEqual([]);
  });

  test('a JUnit report has a suite for the scenario and a case for each step of each card, with right counts', async () => {
    const xml = await report([...mixedCards(), interruptedCard(8)]);
    const counts = { tests: 'testcase', failures: 'failure', errors: 'error', skipped: 'skipped' };
    const [told, counted] = await Promise.all([
      valuesIn(
        xml,
        mapValues(counts, (_, name) => `string(//testsuite/@${name})`),
      ),
      valuesIn(
        xml,
        mapValues(counts, (element) => `count(//${element})`),
      ),
    ]);
    expect(told).toEqual(counted);
    const step = '//testcase[@classname="hopper-door.card-4"][4]';
    expect(
      await valuesIn(xml, {
        suite: 'string(//testsuite/@name)',
        tests: 'string(//testsuite/@tests)',
        step: `string(${step}/@name)`,
        stepTime: `string(${step}/@time)`,
        time: 'string(//testsuite/@time)',
        timestamp: 'string(//testsuite/@timestamp)',
        host: 'string(//testsuite/@hostname)',
        environment: 'string(//property[@name="environment"]/@value)',
        limited: 'string(//property[@name="requests.limited"]/@value)',
      }),
    ).toEqual({
      suite: 'hopper-door',
      tests: '38',
      step: '4. wait-produced',
      stepTime: '1.600',
      time: '60.000',
      timestamp: '2026-11-22T10:00:00',
      host: 'ci-runner-1',
      environment: 'sandbox',
      limited: '1',
    });
  });

  test('a JUnit report has a skipped case for each card that an interrupted run did not reach', async () => {
    const xml = await report([passedCard(1), interruptedCard(3)], { cards: 5, endedAt: null });
    expect(await problemsOf(xml)).toEqual([]);
    const { told, counted, ...cards } = await valuesIn(xml, {
      second: skipped(2),
      fourth: skipped(4),
      fifth: skipped(5),
      told: 'concat(//testsuite/@tests, " ", //testsuite/@skipped)',
      counted: 'concat(count(//testcase), " ", count(//skipped))',
    });
    expect(cards).toEqual({ second: '1', fourth: '1', fifth: '1' });
    expect(told).toBe(counted);
  });

  test('a JUnit report has all details of a failed step that are needed to find it again', async () => {
    const failure = '//testcase[@classname="hopper-door.card-4"]/failure';
    const { type, message, text } = await valuesIn(await report(mixedCards()), {
      type: `string(${failure}/@type)`,
      message: `string(${failure}/@message)`,
      text: `string(${failure})`,
    });
    expect(type).toBe('production-failed');
    expect(message).toContain('The hopper door is open.');
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

  test('a JUnit report shows the expected values, and passes tolerated failures with a note', async () => {
    const unmet = '//testcase[@classname="hopper-door.card-3"][7]/failure';
    const tolerated = '//testcase[@classname="hopper-door.card-3"][4]';
    const { message, text, failures, output } = await valuesIn(await report(mixedCards()), {
      message: `string(${unmet}/@message)`,
      text: `string(${unmet})`,
      failures: `count(${tolerated}/failure)`,
      output: `string(${tolerated}/system-out)`,
    });
    expect(message).toBe('attempt: expected one of 1, 3, was 2; duration: expected at most 1s, was 1.8s');
    expect(text).toMatch(/expected: one of 1, 3\n +actual: +2/);
    expect(failures).toBe('0');
    expect(output).toContain('the scenario continues');
  });

  test('text from outside stays text', async () => {
    const xml = await report([hostileCard(1)]);
    const { scripts, message } = await valuesIn(xml, {
      scripts: 'count(//script)',
      message: 'string(//failure/@message)',
    });
    expect(scripts).toBe('0');
    expect(message).toContain('<script>alert(1)</script> ]]> &amp; "\'`');
    // Line breaks are the only ones of their kind, and no character is half of one.
    expect(xml.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Cn}]/u);
  });
});
