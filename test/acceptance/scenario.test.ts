// Writing a scenario: from a built-in one, checked with mistakes and without.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { User } from '../harness/program.ts';

const user = new User();
afterAll(() => user.leave());

test('scenario schema prints the published JSON Schema, which has an $id', async () => {
  const published = readFileSync('schemas/scenario.json', 'utf8');
  expect(await user.run('scenario schema')).toMatchObject({ code: 0, stdout: published });
  expect((await user.run('scenario schema --json')).json).toMatchObject({
    exitCode: 0,
    schema: { ...(JSON.parse(published) as object), $id: 'urn:kioskctl:scenario:1' },
  });
});

test('a built-in scenario can be saved as a file, in which each mistake has its line', async () => {
  const file = join(user.home, 'flow.yaml');
  const { code, stdout } = await user.run('scenario show hopper-door');
  expect(code).toBe(0);
  writeFileSync(
    file,
    stdout.replace('- wait-ready', '- waitready').replace('advice: after-fix', 'advise: now'),
  );
  const checked = await user.run(['scenario', 'check', file]);
  expect(checked.code).toBe(2);
  expect(checked.stdout).toMatch(/flow\.yaml:\d+:5: mistake: .*“waitready”: did you mean wait-ready\?/);
  expect(checked.stdout).toMatch(/flow\.yaml:\d+:7: mistake: .*“advise” here: did you mean advice\?/);
  expect(checked.stdout).not.toContain('    at ');
});

test('scenario check validates the rows of a data file', async () => {
  const data = join(user.home, 'cards.csv');
  writeFileSync(data, 'cardholder,kiosk\n"Example,\nAda",WIS00001\nBob Example,WIS 2\n');
  const { code, json } = await user.run(['scenario', 'check', 'happy-path', '--data', data, '--json']);
  expect(code).toBe(2);
  expect(json).toMatchObject({
    valid: false,
    scenario: { name: 'happy-path', steps: 8, needsSandbox: false },
    data: { rows: 2, mistakes: [{ line: 4 }] },
    error: { code: 'invalid-input' },
  });
  expect(JSON.stringify(json)).not.toContain('Bob');
});
