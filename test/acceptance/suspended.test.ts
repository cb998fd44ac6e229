// A server that is suspended at its work on a detached plan for longer than its lease, and continues after another one has
// finished the plan: each card is sent once.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, type TestContext, test } from 'vitest';
import { startSandbox } from '../../src/testing/start-sandbox.ts';
import { User } from '../harness/program.ts';
import { ListenerProcess } from '../harness/served.ts';

const KIOSK = 'WIS00001';
const COUNT = 4;
const DETACH = `kiosk recover ${KIOSK} --yes --rejected none --release --attended --detach --json --reason closed`;

type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

/** A server at work on a plan. `arrived` delays the answer to a request about the last card, and waits for the request. */
interface Work extends Pick<TestContext, 'expect'> {
  first: ListenerProcess;
  user: User;
  arrived: (method: 'GET' | 'PUT') => Promise<void>;
}

/** Starts a server, and lets cards fail at a kiosk. The next ones there are produced. */
async function assemble(sandbox: Sandbox, { onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const user = new User({
    KIOSKCTL_ENVIRONMENT: 'sandbox',
    KIOSKCTL_TOKEN: sandbox.token,
    KIOSKCTL_PROFILE_ID: '1001',
    KIOSKCTL_BASE_URL: sandbox.url,
    KIOSKCTL_SETTLE: '1s',
  });
  onTestFinished(() => user.leave());
  const key = join(user.home, 'key.pem');
  writeFileSync(key, sandbox.publicKey);
  const serve = async () => {
    const server = await ListenerProcess.serve(user.env, '--accept-plans', '--public-key', key);
    onTestFinished(async () => void (await server.end('SIGKILL')));
    sandbox.deliverTo(server.url);
    return server;
  };
  const first = await serve();
  const tokens = Array.from({ length: COUNT }, () => sandbox.readyCard().cardToken);
  const cards = tokens.map((token) => `1001/${token}`);
  const outcome = { kind: 'outcome', kioskId: KIOSK, times: COUNT } as const;
  sandbox.addFault({ ...outcome, status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' });
  const produced = await user.spawn(['produce', ...cards, '--kiosk', KIOSK, '--yes', '--wait', '--json']);
  expect(produced.code, produced.stderr).toBe(4);
  sandbox.addFault({ ...outcome, status: 'PRODUCED' });
  return { user, serve, first, tokens };
}

/** Requests about the production of a card. */
function count(sandbox: Sandbox, method: string, token = ''): number {
  const path = `/cards/${token}/production`;
  return sandbox.requests().filter((one) => one.method === method && one.path.endsWith(path)).length;
}

/** Suspends a server after it has read the card, while its journal is locked by another process. */
async function suspendAfterRead({ first, user, arrived, expect }: Work): Promise<void> {
  await arrived('GET');
  const journal = new DatabaseSync(join(user.home, 'journal.db'), { timeout: 5_000 });
  journal.exec('BEGIN IMMEDIATE');
  const answered = async () => (await first.metric('api_requests_total'))['answer="200"'];
  const before = await answered();
  await expect.poll(answered, { interval: 5 }).not.toBe(before);
  first.child.kill('SIGSTOP');
  journal.close();
}

/** Suspends a server before the answer to its request. */
async function suspendInRequest({ first, arrived }: Work): Promise<void> {
  await arrived('PUT');
  first.child.kill('SIGSTOP');
}

test.concurrent.for<[moment: string, suspend: (work: Work) => Promise<void>, ends: number[]]>([
  // Its lease has ended, so it is refused.
  ['is about to record its request', suspendAfterRead, [9, 0]],
  ['waits for the answer to its request', suspendInRequest, [0]],
])(
  'a server that is suspended while it %s sends nothing when it continues after another one has finished its plan',
  async ([, suspend, ends], { onTestFinished, expect }) => {
    await using sandbox = await startSandbox({ speed: 50, callbackCheck: false });
    const { user, serve, first, tokens } = await assemble(sandbox, { onTestFinished });
    const accepted = await user.spawn(DETACH.split(' '));
    expect(accepted.code, accepted.stdout + accepted.stderr).toBe(0);
    const { id } = accepted.json.detached;

    const last = tokens.at(-1);
    const arrived = async (method: 'GET' | 'PUT') => {
      const before = count(sandbox, method, last);
      const path = `/cards/${last}/production`;
      sandbox.addFault({ kind: 'answer', method, path, delayMs: 1_000, effect: true });
      await expect.poll(() => count(sandbox, method, last), { interval: 5 }).toBeGreaterThan(before);
    };
    await suspend({ first, user, arrived, expect });

    const second = await serve();
    const follow = await user.spawn(['runs', 'show', id, '--follow', '--json']);
    expect(follow.code, follow.stdout + follow.stderr).toBe(0);
    first.child.kill('SIGCONT');
    // The action of the server that continues has ended, too.
    const retries = async () => (await user.run(['log', '--action', 'retry', '--json'])).json.acts;
    const exitCodes = async () => (await retries()).map((one: { exitCode: number | null }) => one.exitCode);
    await expect.poll(exitCodes).toEqual([0, 0, 0, ...ends]);
    expect(await first.end('SIGTERM'), first.stderr).toBe(0);
    expect(await second.end('SIGTERM'), second.stderr).toBe(0);
    expect(tokens.map((token) => count(sandbox, 'PUT', token))).toEqual(tokens.map(() => 2));
  },
);
