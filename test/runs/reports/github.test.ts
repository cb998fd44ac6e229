import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { annotations, appendStepSummary } from '../../../src/runs/reports/github.ts';
import { LARGEST_SUMMARY } from '../../../src/runs/reports/markdown.ts';
import { files, makeFolder } from '../../harness/command-line.ts';
import {
  failedCard,
  HOSTILE,
  hostileCard,
  mixedCards,
  passedCard,
  reportOf,
  textOf,
} from '../../harness/run-records.ts';

describe('annotations for GitHub', () => {
  test('annotations have a line for each error, at its place in the scenario', async () => {
    const lines = (await textOf(annotations(await reportOf(mixedCards())))).trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe(
      '::error file=/home/ada/scenarios/hopper-door.yaml,line=22,title=hopper-door%2C card 3%2C 7. expect stage%2C attempt' +
        '::attempt: expected one of 1, 3, was 2; duration: expected at most 1s, was 1.8s%0AKiosk WIS00001.',
    );
    expect(lines[1]).toMatch(
      /line=16,title=hopper-door%2C card 4%2C 4\. wait-produced::The production .*%0AClose the hopper door/,
    );
  });

  test('annotations name no file for a built-in scenario, and a passed run has none', async () => {
    const builtIn = { source: { kind: 'built-in', name: 'hopper-door' } } as const;
    expect(await textOf(annotations(await reportOf([failedCard(1)], builtIn)))).toMatch(/^::error title=/);
    expect(await textOf(annotations(await reportOf([passedCard(1)])))).toBe('');
  });

  test('there are as many annotations as GitHub shows, and one that counts the rest', async () => {
    const cards = Array.from({ length: 33 }, (_, index) => failedCard(index + 1));
    const lines = (await textOf(annotations(await reportOf(cards)))).trim().split('\n');
    expect(lines.filter((line) => line.startsWith('::error '))).toHaveLength(10);
    expect(lines.at(-1)).toBe(
      '::warning title=hopper-door::23 more steps of this run failed or did not meet expectations. The report of the run lists all of them.',
    );
  });

  test('text from outside can neither end an annotation nor begin another command', async () => {
    const report = await reportOf([hostileCard(1)], {
      scenario: HOSTILE,
      source: { kind: 'file', path: `/a:b,c%${HOSTILE}` },
    });
    const text = await textOf(annotations({ ...report, secrets: ['alert(1)'] }));
    expect(text.trim().split('\n')).toHaveLength(2);
    for (const line of text.trim().split('\n')) {
      expect(line).toMatch(/^::error file=[^:,]*,line=\d+,title=[^:,]*::/);
      expect(line).not.toMatch(/abcdef0123456789|alert\(1\)|\r|%(?!25|0A|0D|3A|2C)/);
    }
  });
});

describe('the summary of a step', () => {
  test('the summary of a step is appended to the existing one', async () => {
    const file = join(makeFolder(), 'summary.md');
    writeFileSync(file, 'before\n');
    await appendStepSummary(await reportOf([passedCard(1)]), { file, files });
    expect(readFileSync(file, 'utf8')).toMatch(/^before\n## ✓ hopper-door: passed\n\nThe card passed\.\n/);
  });

  test('the summary of a step is shorter if there is one already', async () => {
    const file = join(makeFolder(), 'summary.md');
    const cards = Array.from({ length: 40 }, (_, index) => failedCard(index + 1));
    writeFileSync(file, '');
    truncateSync(file, LARGEST_SUMMARY - 8_000);
    await appendStepSummary(await reportOf(cards), { file, files });
    expect(statSync(file).size).toBeLessThanOrEqual(LARGEST_SUMMARY);
    expect(readFileSync(file, 'utf8')).toMatch(/more cards did not pass/);
    truncateSync(file, LARGEST_SUMMARY);
    await appendStepSummary(await reportOf(cards), { file, files });
    expect(statSync(file).size).toBe(LARGEST_SUMMARY);
  });

  test('a summary that cannot be written is a failure', async () => {
    const report = await reportOf([passedCard(1)]);
    await expect(
      appendStepSummary(report, { file: join(makeFolder(), 'no/summary.md'), files }),
    ).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });
});
