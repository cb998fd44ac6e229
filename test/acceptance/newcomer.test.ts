// A newcomer follows README, word for word, on a set-up that is shaped like the real sandbox: https with a private
// authority, another port and state, and only tokens that were given out, which end.

import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate } from '../harness/network.ts';
import { type Ended, ended, User } from '../harness/program.ts';

const README = readFileSync('README.md', 'utf8');
const SECRET = 'client-secret-4711';
const REFRESH = 'refresh-token-4711';

/** What README has in its code blocks of this name. Its profile is one of the sandbox here. */
function blocks(name: string): string {
  const found = [...README.matchAll(RegExp(`^\`\`\`\\w+ ${name}\\n(.*?)^\`\`\`$`, 'gms'))];
  expect(found, `README has a block “${name}”`).not.toEqual([]);
  return found
    .map(([, text]) => text)
    .join('')
    .replaceAll('123456', '1001');
}

const server = new User();
const newcomers: User[] = [];
const serving = { url: '', stop: async () => undefined as unknown };
const authority = join(server.home, 'cert.pem');

beforeAll(async () => {
  const { key, cert } = makeCertificate();
  const keyFile = join(server.home, 'key.pem');
  writeFileSync(keyFile, key, { mode: 0o600 });
  writeFileSync(authority, cert);
  const words = `sandbox --port 0 --host localhost --json --tls-cert ${authority} --tls-key ${keyFile}`;
  const child = server.start([server.binary, ...words.split(' ')]);
  const end = ended(child);
  serving.stop = async () => {
    child.kill('SIGTERM');
    return end;
  };
  const [line] = child.stdout ? await once(child.stdout, 'data') : [];
  serving.url = (JSON.parse(String(line)) as { url: string }).url;
  await control('PUT', 'token-policy', { policy: 'listed' });
  await control('PUT', `tokens/${REFRESH}`, { state: 'good' });
});

afterAll(async () => {
  await serving.stop();
  for (const user of [server, ...newcomers]) user.leave();
});

/** Somebody with an empty home, and what Wise gave them in files. Where the sandbox is, is all that README doesn't say. */
function newcomer(): User {
  const user = new User({ KIOSKCTL_BASE_URL: serving.url, NODE_EXTRA_CA_CERTS: authority });
  newcomers.push(user);
  writeFileSync(join(user.home, 'client-secret'), `${SECRET}\n`);
  writeFileSync(join(user.home, 'refresh-token'), `${REFRESH}\n`);
  writeFileSync(join(user.home, 'card.yaml'), blocks('card.yaml'));
  return user;
}

/** Tells the sandbox something, or asks it. */
async function control(method: string, path: string, body?: unknown): Promise<unknown> {
  const request = https.request(`${serving.url}/_sandbox/${path}`, { method, ca: readFileSync(authority) });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const text = await new Response(response).text();
  expect(response.statusCode, text).toBeLessThan(300);
  return text === '' ? null : JSON.parse(text);
}

/** How many requests to a path there were that were answered so. */
async function asked(path: string, status: number): Promise<number> {
  const { requests } = (await control('GET', 'requests')) as { requests: { path: string; status: number }[] };
  return requests.filter((one) => one.path.includes(path) && one.status === status).length;
}

function expectNoSecrets({ stdout, stderr }: Ended): void {
  for (const secret of [SECRET, REFRESH]) expect(stdout + stderr).not.toContain(secret);
}

test('five minutes from nothing to a card; its token ends in between', async () => {
  const user = newcomer();
  const done = new Map<string, Ended>();
  for (const command of blocks('five-minutes').trim().split('\n')) {
    const end = await user.shell(`cd "$HOME" && ${command}`);
    expect(end.code, `${command}\n${end.stdout}${end.stderr}`).toBe(0);
    expectNoSecrets(end);
    done.set(command.split(' ')[1] ?? '', end);
    // Between the order and its production, a day goes by: the token of the login has ended.
    if (command.includes(' order ')) await control('POST', 'advance', { milliseconds: 13 * 3_600_000 });
  }
  expect([...done.keys()]).toEqual(['context', 'login', 'doctor', 'whoami', 'order', 'produce', 'status']);
  const said = done.get('doctor')?.stdout.trimEnd().split('\n').at(-1) ?? '';
  expect(README, 'what doctor says').toContain(`\`${said}\``);
  expect(done.get('whoami')?.stdout).toMatch(/^Profile 1001: the login of context bank/m);
  expect(done.get('produce')?.stdout).toMatch(/^✓ .* done: produced on WIS00001, attempt 1$/m);
  expect(done.get('status')?.stdout).toContain('produced');
  expect(await asked('/v3/spend', 401), 'the token had ended').toBe(1);
  expect(done.get('produce')?.stderr, 'nobody noticed').toBe('Context bank, environment sandbox\n');
});

describe('CI, with nothing but variables', () => {
  const script = `set -eu\ncd "$HOME"\n${blocks('ci')}`;

  test('in CI, a card is produced with nothing but variables, and no secret is stored', async () => {
    const user = newcomer();
    for (const name of ['client-secret', 'refresh-token']) rmSync(join(user.home, name));
    const env = { CI: 'true', KIOSKCTL_CLIENT_SECRET: SECRET, KIOSKCTL_REFRESH_TOKEN: REFRESH };
    const end = await user.shell(script, { env });
    expect(end.json, end.stderr).toMatchObject({
      exitCode: 0,
      environment: 'sandbox',
      card: { stage: 'produced' },
    });
    expectNoSecrets(end);
    for (const name of readdirSync(user.home).filter((one) => one !== 'bin' && one !== 'compile-cache'))
      expect(readFileSync(join(user.home, name), 'latin1'), name).not.toContain('4711');
  });

  test('in CI, a missing secret ends with 3', async () => {
    const end = await newcomer().shell(script, { env: { KIOSKCTL_CLIENT_SECRET: SECRET } });
    expect([end.code, end.json.error.code]).toEqual([3, 'credentials-missing']);
  });
});
