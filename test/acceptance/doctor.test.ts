// doctor: its check-list, its document, and the exit code of the first check that failed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { User } from '../harness/program.ts';

function newUser(): User {
  const user = new User();
  onTestFinished(() => user.leave());
  return user;
}

describe('doctor', () => {
  test('doctor needs no configuration, and creates no journal', async () => {
    const { code, stdout, stderr } = await newUser().spawn('doctor');
    expect([code, stderr]).toEqual([0, 'Context local, environment local\n']);
    expect(stdout).toMatch(/^✓ version +kioskctl .*\n✓ home/);
    expect(stdout).toContain('✓ profile        1001 can order');
    expect(stdout).toMatch(/journal +\/\S+journal\.db: none yet/);
    expect(stdout).toMatch(/\d+ passed, 1 with a warning, 0 failed/);
  });

  test('doctor continues if settings and journal are unusable, and ends with the first failure', async () => {
    const user = newUser();
    writeFileSync(join(user.home, 'config.json'), '{"version": 1, "contexts": 7}');
    writeFileSync(join(user.home, 'journal.db'), 'no database'.repeat(100));
    const { code, json } = await user.run('doctor --json');
    expect([code, json.exitCode, json.error.code]).toEqual([2, 2, 'settings-unusable']);
    const failed = json.checks.filter(({ status }: { status: string }) => status === 'failed');
    expect(failed.map(({ name }: { name: string }) => name)).toEqual(['settings', 'context']);
    for (const { hint } of failed) expect(hint).toMatch(/\w/);
  });

  test('doctor fails for missing settings of a real API, and does not show the token', async () => {
    const token = 'tok-4711-never-to-be-seen';
    const env = {
      KIOSKCTL_ENVIRONMENT: 'sandbox',
      KIOSKCTL_BASE_URL: 'http://127.0.0.1:1',
      KIOSKCTL_PROFILE_ID: '1001',
      KIOSKCTL_TOKEN: token,
    };
    const { code, json, stdout, stderr } = await newUser().run('doctor --json --debug', { env });
    expect([code, json.error.code]).toEqual([7, 'unreachable']);
    expect(stdout + stderr).not.toContain(token);
  });
});
