// A set-up that is shaped like the real sandbox: https with a CA of its own, another port, tokens that end.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificate } from '../harness/network.ts';
import { User } from '../harness/program.ts';

const user = new User();
const server = new User();
const serving = { stop: async () => undefined as unknown };

beforeAll(async () => {
  const { key, cert } = makeCertificate();
  const [keyFile, certFile] = [join(server.home, 'key.pem'), join(server.home, 'cert.pem')];
  writeFileSync(keyFile, key, { mode: 0o600 });
  writeFileSync(certFile, cert);
  const words = [
    'sandbox',
    '--port',
    '0',
    '--host',
    'localhost',
    '--json',
    '--tls-cert',
    certFile,
    '--tls-key',
    keyFile,
  ];
  const child = server.start([server.binary, ...words]);
  serving.stop = async () => {
    child.kill('SIGTERM');
    return once(child, 'exit');
  };
  const [line] = child.stdout ? await once(child.stdout, 'data') : [];
  const { url } = JSON.parse(String(line)) as { url: string };
  expect(url).toMatch(/^https:\/\/localhost:/);
  Object.assign(user.env, {
    NODE_EXTRA_CA_CERTS: certFile,
    KIOSKCTL_ENVIRONMENT: 'sandbox',
    KIOSKCTL_BASE_URL: url,
    KIOSKCTL_PROFILE_ID: '1001',
    KIOSKCTL_CLIENT_ID: 'my-bank',
    KIOSKCTL_CLIENT_SECRET: 'client-secret-4711',
  });
});

afterAll(async () => {
  await serving.stop();
  user.leave();
  server.leave();
});

test('a card is produced with a refresh token from the environment', async () => {
  const env = { KIOSKCTL_REFRESH_TOKEN: 'refresh-token-4711' };
  const ended = await user.shell(
    `kioskctl order --wait --json --cardholder "Ada Example" --phone +441234567890 --first-line "1 High Street" \
       --city London --post-code "E1 6JJ" --country GB --program VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API --yes --no-input |
     kioskctl produce - --kiosk WIS00001 --wait --simulate PRODUCED --json --yes --no-input`,
    { env },
  );
  expect(ended.json).toMatchObject({ exitCode: 0, card: { stage: 'produced' } });
  expect(ended.stdout + ended.stderr).not.toContain('4711');
});

test('a login remains valid after its access token has expired', async () => {
  expect(
    (await user.run('login --with-refresh-token --plain-file', { input: 'refresh-token-4711' })).code,
  ).toBe(0);
  await server.run('sandbox advance 13h');
  const ended = await user.run('programs --verbose');
  expect([ended.code, ended.stderr.match(/ (401|200) trace/g)]).toEqual([
    0,
    [' 401 trace', ' 200 trace', ' 200 trace'],
  ]);
});

test('without the CA, the sandbox is not reached, and no token is sent', async () => {
  const ended = await user.run('programs --json', {
    env: { NODE_EXTRA_CA_CERTS: '', KIOSKCTL_TOKEN: 'tok-4711' },
  });
  expect([ended.code, ended.json.error.code]).toEqual([7, 'unreachable']);
});
