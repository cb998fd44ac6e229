// A journal that is moved, removed or overwritten while a command or a server uses it.
import { cpSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { copyInPlace } from '../harness/command-line.ts';
import { deliver, EventSigner } from '../harness/events.ts';
import { expectError, User } from '../harness/program.ts';
import { ListenerProcess } from '../harness/served.ts';
import { CARD, json, OwnVendor, READY } from './vendor.ts';

const signer = new EventSigner();

function newUser(context: TestContext): User {
  const user = new User({ KIOSKCTL_ENVIRONMENT: 'sandbox' });
  context.onTestFinished(() => user.leave());
  writeFileSync(join(user.home, 'key.pem'), signer.publicKey);
  return user;
}

const REPLACEMENTS: [string, (file: string) => void][] = [
  ['moved away', (file) => renameSync(file, `${file}.old`)],
  ['overwritten in place by an older copy', (file) => copyInPlace(`${file}.copy`, file)],
  [
    'overwritten in place by an older copy, with its log removed',
    (file) => {
      rmSync(`${file}-wal`);
      copyInPlace(`${file}.copy`, file);
    },
  ],
  ['emptied', (file) => truncateSync(file)],
  ['removed with its folder', (file) => rmSync(join(file, '..'), { recursive: true })],
];

describe.concurrent('a listener whose journal is', () => {
  test.for(REPLACEMENTS)(
    'a listener whose journal is %s responds with 503 from then on, and ends with 9 without opening it again',
    async ([, replace], context) => {
      const user = newUser(context);
      const file = join(user.home, 'journal.db');
      await user.run('status --json');
      cpSync(file, `${file}.copy`);
      const listener = await ListenerProcess.start(user.env, '--public-key', join(user.home, 'key.pem'));
      context.onTestFinished(() => void listener.child.kill('SIGKILL'));
      expect(await deliver(listener.url, signer.event())).toBe(200);
      const closed = new Promise<number | null>((resolve) => listener.child.once('close', resolve));
      replace(file);
      const replacedAt = performance.now();
      expect(await deliver(listener.url, signer.event())).toBe(503);
      expect(await closed).toBe(9);
      expect(performance.now() - replacedAt).toBeLessThan(10_000);
      expect(listener.lines.at(-1)).toMatchObject({ exitCode: 9, error: { code: 'journal-replaced' } });
    },
  );

  test('a listener whose journal is removed ends even without an event', async (context) => {
    const user = newUser(context);
    const listener = await ListenerProcess.start(user.env, '--public-key', join(user.home, 'key.pem'));
    context.onTestFinished(() => void listener.child.kill('SIGKILL'));
    const closed = new Promise<number | null>((resolve) => listener.child.once('close', resolve));
    rmSync(join(user.home, 'journal.db'));
    expect(await closed).toBe(9);
  });
});

describe.concurrent('a produce command whose journal is', () => {
  test.for(REPLACEMENTS)(
    'produce sends nothing if the journal is %s between the read and the request',
    async ([, replace], context) => {
      const user = newUser(context);
      const file = join(user.home, 'journal.db');
      await user.run('status --json');
      cpSync(file, `${file}.copy`);
      const vendor = await OwnVendor.open();
      context.onTestFinished(() => vendor.close());
      vendor.set({
        production: (response, request) => {
          replace(file);
          vendor.set({ production: json(READY) });
          return json(READY)(response, request);
        },
      });
      const env = { KIOSKCTL_BASE_URL: vendor.url, KIOSKCTL_TOKEN: 'tok', KIOSKCTL_PROFILE_ID: '1001' };
      const produce = await user.run(`produce ${CARD} --kiosk WIS00001 --json`, { env });
      expect(vendor.count('produce')).toBe(0);
      expectError(produce, {
        code: 9,
        error: 'journal-replaced',
        message: /journal/,
        hint: /nothing more is sent/i,
      });
    },
  );
});
