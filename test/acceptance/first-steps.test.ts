// A newcomer copies the first commands of README, line by line, into a new home.
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { User } from '../harness/program.ts';

const user = new User();
afterAll(() => user.leave());

test('the first commands of README work when they are copied, and name the card that they order', async () => {
  const readme = readFileSync('README.md', 'utf8');
  const [first = ''] = readme.match(/^kioskctl run .*$/m) ?? [];
  const six = [...readme.matchAll(/^(kioskctl .*?) {2,}# /gm)].map(([, line = '']) => line).slice(0, 5);
  const simulations = ['--simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR', '--yes --simulate PRODUCED'];
  const withResult = six.map((line) =>
    / (produce|retry) /.test(line) ? `${line} ${simulations.shift()}` : line,
  );
  expect(simulations).toEqual([]);
  const ended = [];
  for (const line of [first, ...withResult]) ended.push(await user.run(line.replace('kioskctl ', '')));
  expect(
    ended.map(({ code, stderr }) => [code, code === 4 ? '' : (stderr.match(/Error.*/)?.[0] ?? '')]),
  ).toEqual([0, 0, 4, 0, 0, 0].map((code) => [code, '']));
  expect(ended[1]?.stdout).toContain(six[1]?.match(/1001\/\d+/)?.[0]);
  expect(ended.at(-1)?.stdout).toContain('produced');
});
