// Listening in `local`, with the embedded sandbox as the vendor: a listener, a wait and a simulation, each a process.
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { ended, User } from '../harness/program.ts';
import { ListenerProcess } from '../harness/served.ts';

const user = new User();
afterAll(() => user.leave());

async function listen(...args: string[]): Promise<ListenerProcess> {
  const listener = await ListenerProcess.start(user.env, ...args);
  onTestFinished(() => void listener.child.kill('SIGKILL'));
  return listener;
}

/** Starts a command, and waits until it has said something on standard error. */
function startUntil(args: string[], words: RegExp) {
  const child = user.start([user.binary, ...args]);
  let said = '';
  const heard = new Promise<void>((resolve) => {
    child.stderr?.on('data', (chunk) => {
      said += String(chunk);
      if (words.test(said)) resolve();
    });
  });
  return { end: ended(child), heard };
}

test('an event ends a wait in another process, although other commands read the card meanwhile', async () => {
  await listen();
  const card = await user.readyCard();
  await user.run(['produce', card, '--kiosk', 'WIS00001']);
  const wait = startUntil(['wait-produced', card, '--json'], /in-progress/);
  await wait.heard;
  await user.run(['simulate', card, '--status', 'PRODUCTION_ERROR', '--error-code', 'PRD_HOPPER_DOOR']);
  const { code, json, stderr } = await wait.end;
  expect([code, json.via], stderr).toEqual([4, 'event']);
  expect(json).toMatchObject({ card: { stage: 'failed', production: { errorCode: 'PRD_HOPPER_DOOR' } } });
  expect((await user.run(['retry', card, '--yes', '--simulate', 'PRODUCED', '--json'])).json).toMatchObject({
    exitCode: 0,
    card: { stage: 'produced', attempt: 2 },
  });
});

test('a listener continues to receive events after the sandbox was reset', async () => {
  const listener = await listen();
  await user.run('sandbox reset');
  const card = await user.readyCard();
  await listener.line('event', (event) => event.status === 'READY' && card.endsWith(event.cardToken));
});

test('a filter for an order includes its production events, and a new listener removes the subscriptions of a killed one', async () => {
  const killed = await listen();
  await killed.end('SIGKILL');
  // In no hurry: nothing happens to the order before somebody listens.
  const { json } = await user.run('order --json', { env: { KIOSKCTL_SANDBOX_SPEED: '0.001' } });
  const order = `1001/${json.card.orderId}`;
  const listener = await listen('--filter', `card=${order}`);
  const { json: list } = await user.run('webhooks list --json');
  expect(list.subscriptions.map(({ url }: { url: string }) => url)).toEqual([listener.url, listener.url]);
  await user.run('sandbox advance 1h');
  await listener.line('event', (event) => event.status === 'READY');
  const tail = await user.run([
    'events',
    'tail',
    '--card',
    order,
    '--after',
    '0',
    '--status',
    'READY',
    '--limit',
    '1',
    '--json',
  ]);
  expect(tail.json).toMatchObject({ eventType: 'cards#card-production-status-change', status: 'READY' });
});
