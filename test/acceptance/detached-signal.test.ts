// A server that is told to end while a request of a detached plan is in flight: the response is recorded, and the next
// server continues.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startSandbox } from '../../src/testing/start-sandbox.ts';
import { User } from '../harness/program.ts';
import { ListenerProcess } from '../harness/served.ts';

const KIOSK = 'WIS00001';

test('at SIGTERM, a server waits for the response to a request of a detached plan and records it, and the next server finishes the plan', async () => {
  await using sandbox = await startSandbox({ speed: 50, callbackCheck: false });
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
  const puts = () => sandbox.requests().filter(({ method }) => method === 'PUT').length;

  const first = await serve();
  const cards = [sandbox.readyCard(), sandbox.readyCard()].map(({ cardToken }) => `1001/${cardToken}`);
  const outcome = { kind: 'outcome', kioskId: KIOSK } as const;
  sandbox.addFault({ ...outcome, status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR', times: 2 });
  const produced = await user.spawn(['produce', ...cards, '--kiosk', KIOSK, '--yes', '--wait', '--json']);
  expect(produced.code, produced.stderr).toBe(4);

  sandbox.addFault({ ...outcome, status: 'PRODUCED', times: 10 });
  sandbox.addFault({ kind: 'answer', method: 'PUT', path: '/production', delayMs: 3_000, effect: true });
  const detach = `kiosk recover ${KIOSK} --yes --rejected none --release --attended --detach --json --reason closed`;
  const accepted = await user.spawn(detach.split(' '));
  expect(accepted.code, accepted.stdout + accepted.stderr).toBe(0);
  const { id } = accepted.json.detached;
  await expect.poll(puts, { interval: 5 }).toBe(3);

  expect(await first.end('SIGTERM'), first.stderr).toBe(0);
  // The trace id comes from the response.
  const { acts } = (await user.run(['log', '--json'])).json;
  expect(acts.at(-1)).toMatchObject({ act: 'retry', plan: id, exitCode: 143, traceId: expect.any(String) });
  expect(puts()).toBe(3);

  await serve();
  const follow = await user.spawn(['runs', 'show', id, '--follow', '--json']);
  expect(follow.code, follow.stdout + follow.stderr).toBe(0);
  expect(puts()).toBe(4);
});
