import { spawn } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { expectError, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';

const user = new User();
afterAll(() => user.leave());

test('the six commands of the main job can be piped into one another', async () => {
  const { code, json } = await user.shell(`
    kioskctl order --json |
      kioskctl wait-ready - --json |
      kioskctl produce - --kiosk WIS00001 --wait --simulate PRODUCED --json`);
  expect(code).toBe(0);
  expect(json).toMatchObject({
    command: 'produce',
    changed: true,
    card: { stage: 'produced', attempt: 1, production: { kioskId: 'WIS00001' }, next: null },
  });
});

test('the output of a failure, its explanation, the retry and the success can be piped on', async () => {
  const { code, json } = await user.shell(`
    set -e
    cd $KIOSKCTL_HOME
    kioskctl order --wait --json > order.json
    set +e
    kioskctl produce - --kiosk WIS00002 --wait --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR --json < order.json > failed.json
    [ $? = 4 ] || exit 99
    set -e
    kioskctl status - --json < order.json |
      kioskctl retry - --yes --json |
      kioskctl simulate - --status PRODUCED --json |
      kioskctl wait-produced - --json`);
  expect(code).toBe(0);
  expect(json).toMatchObject({
    card: { stage: 'produced', attempt: 2, production: { kioskId: 'WIS00002' } },
  });
});

test('the output of --quiet can be piped, and becomes a list', async () => {
  const { code, json } = await user.shell(`
    (kioskctl order -q; kioskctl order -q) |
      kioskctl wait-ready - -q |
      kioskctl produce - --kiosk WIS00003 --simulate PRODUCED --json`);
  expect(code).toBe(0);
  expect(json.summary).toEqual({ total: 2, done: 2 });
  expect(
    json.cards.map(({ outcome, exitCode }: { outcome: string; exitCode: number }) => [outcome, exitCode]),
  ).toEqual([
    ['done', 0],
    ['done', 0],
  ]);
});

test.each([
  [
    'the order is rejected',
    'kioskctl order --embossed-name 12345678901234567890123 --json | kioskctl wait-ready - --json',
    2,
    'usage',
    0,
  ],
  [
    'the card cannot get ready',
    'kioskctl order --profile-id 1003 --json | kioskctl wait-ready - --timeout 3s --json',
    75,
    'deadline-passed',
    1,
  ],
])(
  'when %s, nothing further is sent, and the last exit code shows it',
  async (_, script, exitCode, errorCode, orders) => {
    const other = new User();
    const { code, json, stderr } = await other.shell(
      `${script} | kioskctl produce - --kiosk WIS00001 --wait --json`,
    );
    expect(code, stderr).toBe(exitCode);
    expect(json).toMatchObject({ command: 'produce', exitCode, error: { code: errorCode } });
    const sandbox = await ServedSandbox.open(other);
    const requests = await sandbox.requests('');
    expect(requests.filter(({ method }) => method === 'PUT')).toEqual([]);
    expect(requests.filter(({ path }) => path.endsWith('/card-orders'))).toHaveLength(orders);
    await sandbox.close();
    other.leave();
  },
);

test('61 days later the next commands cancel the order of a card and order the card again', async () => {
  const other = new User();
  const card = await other.readyCard();
  await other.run('sandbox advance 61d');
  const { code, json } = await other.run(['produce', card, '--kiosk', 'WIS00001', '--json']);
  expect(code).toBe(6);
  expect(json).toMatchObject({
    card: { stage: 'expired', ageDays: 61, daysLeft: 0 },
    error: { code: 'card-expired' },
  });
  expect(json.card.next).toMatch(/^kioskctl cancel /);
  const cancelled = await other.shell(`${json.card.next} --yes --json`);
  expect(cancelled.json).toMatchObject({ exitCode: 0, card: { stage: 'cancelled' } });
  expect(cancelled.json.card.next).toMatch(/^kioskctl order --like /);
  const anew = await other.shell(`${cancelled.json.card.next} --wait --json`);
  expect(anew.json).toMatchObject({ exitCode: 0, card: { stage: 'ready' } });
  expect(anew.json.card.cardToken).not.toBe(json.card.cardToken);
  other.leave();
});

test('sandbox fault --approval answers the next request as Wise does when the user has to approve it', async () => {
  const other = new User();
  const card = await other.readyCard();
  await other.run('sandbox fault --method PUT --path /production --approval');
  const { code, json, stderr } = await other.run([
    'produce',
    card,
    '--kiosk',
    'WIS00001',
    '--debug',
    '--json',
  ]);
  expect([code, json.error.code]).toEqual([5, 'approval-required']);
  expect(stderr).toContain('< x-2fa-approval: [redacted]');
  other.leave();
});

test('two processes that produce the same card at the same time send one request', async () => {
  const card = await user.readyCard();
  const args = ['produce', card, '--kiosk', 'WIS00001', '--json'];
  const results = await Promise.all([user.spawn(args), user.spawn(args), user.spawn(args)]);
  const changed = results.filter(({ json }) => json.changed === true);
  expect(changed).toHaveLength(1);
  for (const { code } of results) expect([0, 9]).toContain(code);
  const sandbox = await ServedSandbox.open(user);
  expect(await sandbox.puts(card)).toHaveLength(1);
  await sandbox.close();
});

test('a pending verification is named, and its simulation lets the order continue', async () => {
  const other = new User({ KIOSKCTL_SANDBOX_SPEED: '50' });
  const waiting = await other.run('order --profile-id 1002 --wait --timeout 3s');
  expect(waiting.code).toBe(75);
  expect(waiting.stderr).toContain('VERIFICATION (PENDING)');
  expect(waiting.stderr).toContain('kioskctl simulate --profile-verified 1002 --context local');
  await other.run('simulate --profile-verified 1002');
  const { code } = await other.run('wait-ready 1002/501');
  expect(code).toBe(0);
  other.leave();
});

test('a PIN requirement is named with the sandbox command that meets it', async () => {
  const other = new User({ KIOSKCTL_SANDBOX_SPEED: '50' });
  const waiting = await other.run('order --profile-id 1003 --wait --timeout 3s');
  expect(waiting.code).toBe(75);
  const command = 'kioskctl sandbox requirement 1003 PIN --context local';
  expect(waiting.stderr).toContain(command);
  const { json } = await other.shell(`${command} --json`);
  expect(json).toMatchObject({ exitCode: 0, profileId: 1003, type: 'PIN', status: 'COMPLETED' });
  expect((await other.run('wait-ready 1003/501')).code).toBe(0);
  expect(await other.run('sandbox requirement 1007 PIN --json')).toMatchObject({
    code: 10,
    json: { error: { code: 'not-found' } },
  });
  other.leave();
});

test('the limit of physical cards is explained with the cards whose orders can be cancelled', async () => {
  const other = new User();
  const sandbox = await ServedSandbox.open(other);
  for (let count = 0; count < 10; count += 1) await sandbox.order(1004);
  await sandbox.close();
  const { code, json } = await other.run('order --profile-id 1004 --json');
  expect(code).toBe(10);
  expect(json.error).toMatchObject({ code: 'limit-reached' });
  expect(json.error.message).toMatch(/Orders that can be cancelled: 1004\/501 \([A-Z_]+\), 1004\/502 /);
  expect(json.error.hint).toContain('10 in a sandbox');
  expect(json.error.hint).toContain('kioskctl cancel 1004/501 --context local');
  const program = 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API';
  const mistyped = await other.run('order --profile-id 1004 --program nothere --json');
  expectError(mistyped, {
    code: 2,
    error: 'usage',
    message: /no program “nothere”/,
    hint: new RegExp(program),
  });
  expect((await other.run(`order --profile-id 1004 --program ${program}`)).code).toBe(10);
  other.leave();
});

test('the same commands work against a served sandbox', async () => {
  const other = new User();
  const server = spawn(
    process.execPath,
    ['bin/run.js', 'sandbox', '--port', '0', '--speed', '50', '--json'],
    {
      env: { ...other.env },
    },
  );
  const ready = await new Promise<{ type: string; url: string }>((resolve) => {
    server.stdout.once('data', (line) => resolve(JSON.parse(String(line))));
  });
  expect(ready.type).toBe('ready');
  const env = { KIOSKCTL_TOKEN: 'a-token', KIOSKCTL_PROFILE_ID: '1001', KIOSKCTL_SETTLE: '500ms' };
  const args = `--context sandbox --base-url ${ready.url}`;
  const { code, json } = await other.shell(
    `kioskctl order ${args} --cardholder 'Ada Example' --first-line '1 High Street' --city London --post-code 'E1 6JJ' --country GB --wait --interval 20ms --json |
       kioskctl produce - ${args} --kiosk WIS00001 --simulate PRODUCED --interval 20ms --json`,
    { env },
  );
  expect(code).toBe(0);
  expect(json).toMatchObject({ environment: 'sandbox', card: { stage: 'produced' } });
  server.kill('SIGTERM');
  expect(await new Promise((resolve) => server.once('exit', resolve))).toBe(0);
  other.leave();
});

test('status --watch ends when every card has reached a final state', async () => {
  const card = await user.readyCard();
  await user.run(['produce', card, '--kiosk', 'WIS00001']);
  const watching = user.run(['status', card, '--watch', '--json', '--interval', '20ms']);
  await user.run(['simulate', card, '--status', 'PRODUCED']);
  const { code, stdout } = await watching;
  const documents = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { card: { stage: string } });
  expect(code).toBe(0);
  expect(documents[0]?.card.stage).toMatch(/in-progress|produced/);
  expect(documents.at(-1)?.card.stage).toBe('produced');
});
