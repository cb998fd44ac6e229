// What a team wrote about an error code, where somebody on call sees it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { User } from '../harness/program.ts';

const user = new User();
const runbook = join(user.home, 'runbook.yaml');
let failed = '';

const PAGE = `version: 1
production:
  PRD_HOPPER_DOOR:
    owner: Branch staff
    steps: [Close the door until it clicks., Count the rejected cards.]
    contact: "#kiosks \\e[2J"
`;

beforeAll(async () => {
  const contexts = { local: { environment: 'local', runbook: 'runbook.yaml' } };
  writeFileSync(join(user.home, 'config.json'), JSON.stringify({ version: 1, contexts }));
  writeFileSync(runbook, PAGE);
  failed = await user.readyCard();
});
afterAll(() => user.leave());

test('a failure shows the runbook page next to the catalogue, and keeps its exit code', async () => {
  const simulate = 'PRODUCTION_ERROR:PRD_HOPPER_DOOR';
  const { code, stderr } = await user.run(`produce ${failed} --kiosk WIS00001 --simulate ${simulate}`);
  expect(code).toBe(4);
  expect(stderr).toContain('Close the hopper door, then retry. Next: kioskctl retry');
  expect(stderr).toContain('Runbook, PRD_HOPPER_DOOR\n  1. Close the door until it clicks.\n');
  expect(stderr).toContain('  Contact:   #kiosks \\u001b[2J\n');
});

test('commands on several cards and explain show a runbook page once per code', async () => {
  const [waited, status, explained] = await Promise.all([
    user.run(`wait-produced ${failed} ${failed} --json`),
    user.run('status'),
    user.run('explain PRD_HOPPER_DOOR --json'),
  ]);
  expect(waited.json.runbook).toMatchObject([{ code: 'PRD_HOPPER_DOOR', owner: 'Branch staff', link: null }]);
  expect(status.code).toBe(0);
  expect(status.stderr.match(/Close the door until it clicks/g)).toHaveLength(1);
  expect(explained.json.errors).toMatchObject([
    { nextStep: 'Close the hopper door, then retry.', runbook: { owner: 'Branch staff' } },
  ]);
});

test('a runbook with a mistake causes one warning, and the catalogue alone is used', async () => {
  const broken = join(user.home, 'broken.yaml');
  writeFileSync(broken, `${PAGE}    ownr: x\n`);
  const [checked, named] = await Promise.all([
    user.run(['runbook', 'check', broken]),
    user.run(['explain', 'PRD_HOPPER_DOOR', '--runbook', broken, '--json']),
  ]);
  expect(checked.code).toBe(2);
  expect(checked.stdout).toContain(`${broken}:7:5: mistake: production.PRD_HOPPER_DOOR.ownr: `);
  expect(named.code).toBe(2);
  expect(named.json.error).toMatchObject({ code: 'invalid-input', hint: expect.stringContaining('check') });

  writeFileSync(runbook, `${PAGE}    ownr: x\n`);
  const waited = await user.run(`wait-produced ${failed} --json`);
  expect(waited.code).toBe(4);
  expect(waited.json.runbook).toBeUndefined();
  expect(waited.stderr.match(/Warning: The runbook .* Only the catalogue is used/g)).toHaveLength(1);
});

test('runbook init writes a valid runbook, and replaces no file', async () => {
  const [printed, refused] = await Promise.all([
    user.run('runbook init'),
    user.run(['runbook', 'init', runbook, '--json']),
  ]);
  expect(refused.code).toBe(2);
  expect(refused.json.error.hint).toContain('--force');
  writeFileSync(runbook, printed.stdout);
  const checked = await user.run('runbook check --json');
  expect(checked.code).toBe(0);
  expect(checked.json).toMatchObject({ file: runbook, valid: true, mistakes: [], warnings: [] });
});

test('kiosk recover leads from the failures to every card produced', async () => {
  const recover = ['kiosk', 'recover', 'WIS00001', '--json'];
  const [unknown, unanswered] = await Promise.all([
    user.run('kiosk recover WIS0001 --json'),
    user.run([...recover, '--yes', '--no-input']),
  ]);
  expect(unknown).toMatchObject({ code: 2, json: { error: { hint: expect.stringContaining('WIS00001') } } });
  expect(unanswered).toMatchObject({
    code: 2,
    json: { error: { hint: expect.stringContaining('--rejected') } },
  });

  const answers = ['--yes', '--rejected', failed, '--attended', '--simulate', 'PRODUCED'];
  const { code, json, stderr } = await user.run([...recover, ...answers]);
  expect(stderr).toContain('1 card failed with PRD_HOPPER_DOOR: The hopper door is open.');
  expect(code).toBe(0);
  expect(json).toMatchObject({ kioskId: 'WIS00001', released: false, destroyed: [failed] });
  expect(json.cards).toMatchObject([{ outcome: 'done', stage: 'produced', attempt: 2, canary: true }]);
});
