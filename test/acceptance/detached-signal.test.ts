// A server that is told to end while a request of a detached plan is in flight: the response is recorded, and the next
// server continues.
import { expect, onTestFinished, test } from 'vitest';
import { startSandbox } from '../../src/testing/start-sandbox.ts';
import { PlanServers } from '../harness/plan-servers.ts';

test('at SIGTERM, a server waits for the response to a request of a detached plan and records it, and the next server finishes the plan', async () => {
  await using sandbox = await startSandbox({ speed: 50, callbackCheck: false });
  const servers = new PlanServers(sandbox, { onTestFinished });
  const first = await servers.serve();
  await servers.failCards(2);
  sandbox.addFault({ kind: 'answer', method: 'PUT', path: '/production', delayMs: 3_000, effect: true });
  const id = await servers.detach();
  const puts = () => sandbox.requests().filter(({ method }) => method === 'PUT').length;
  await expect.poll(puts, { interval: 5 }).toBe(3);

  expect(await first.end('SIGTERM'), first.stderr).toBe(0);
  // The trace id comes from the response.
  const { acts } = (await servers.user.run(['log', '--json'])).json;
  expect(acts.at(-1)).toMatchObject({ act: 'retry', plan: id, exitCode: 143, traceId: expect.any(String) });
  expect(puts()).toBe(3);

  await servers.serve();
  await servers.follow(id);
  expect(puts()).toBe(4);
});
