// A server that is suspended at its work on a detached plan for longer than its lease, and continues after another one has
// finished the plan: each card is sent once.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'vitest';
import { startSandbox } from '../../src/testing/start-sandbox.ts';
import { PlanServers } from '../harness/plan-servers.ts';
import type { User } from '../harness/program.ts';
import type { ListenerProcess } from '../harness/served.ts';

type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

/** A server at work on a plan. `arrived` delays the answer to a request about the last card, and waits for the request. */
interface Work extends Pick<TestContext, 'expect'> {
  first: ListenerProcess;
  user: User;
  arrived: (method: 'GET' | 'PUT') => Promise<void>;
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
    const servers = new PlanServers(sandbox, { onTestFinished });
    const { user } = servers;
    const first = await servers.serve();
    const tokens = await servers.failCards(4);
    const id = await servers.detach();

    const last = tokens.at(-1);
    const arrived = async (method: 'GET' | 'PUT') => {
      const before = count(sandbox, method, last);
      const path = `/cards/${last}/production`;
      sandbox.addFault({ kind: 'answer', method, path, delayMs: 4_000, effect: true });
      await expect.poll(() => count(sandbox, method, last), { interval: 5 }).toBeGreaterThan(before);
    };
    await suspend({ first, user, arrived, expect });

    const second = await servers.serve();
    await servers.follow(id);
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
