// Refresh tokens that are valid once: a server that replaces them with each use, and sees when one is used twice.
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { listen } from '../harness/network.ts';
import { ended, expectError, User } from '../harness/program.ts';

const CLIENT = { KIOSKCTL_CLIENT_ID: 'my-bank', KIOSKCTL_CLIENT_SECRET: 'client-secret-4711' };

class RotatingApi {
  url = '';
  /** The number of refresh tokens that were replaced. */
  renewals = 0;
  /** The number of requests with a refresh token that was replaced before. */
  reuses = 0;
  /** Holds the answers to renewals. */
  held: Promise<void> | null = null;
  #refresh = 'refresh-first';
  readonly #access = new Set<string>();

  static async open(): Promise<RotatingApi> {
    const api = new RotatingApi();
    const server = createServer((request, response) => void api.#answer(request, response));
    api.url = `http://127.0.0.1:${await listen(server)}`;
    return api;
  }

  /** Accepts no access token that was issued until now, and a new refresh token if there is one. */
  revoke(refresh = this.#refresh): void {
    this.#access.clear();
    this.#refresh = refresh;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await request.toArray()).join('');
    if (request.url !== '/oauth/token') {
      const isKnown = this.#access.has(request.headers.authorization?.replace('Bearer ', '') ?? '');
      const document = isKnown ? { totalCount: 0, cards: [] } : { error: 'invalid_token' };
      return void response.writeHead(isKnown ? 200 : 401).end(JSON.stringify(document));
    }
    if (new URLSearchParams(body).get('refresh_token') !== this.#refresh) {
      this.reuses += 1;
      return void response.writeHead(401).end('{"error":"invalid_grant"}');
    }
    this.renewals += 1;
    const [access, refresh] = [`access-${crypto.randomUUID()}`, `refresh-${crypto.randomUUID()}`];
    this.#access.add(access);
    this.#refresh = refresh;
    await this.held;
    response.end(JSON.stringify({ access_token: access, refresh_token: refresh, expires_in: 43_199 }));
  }
}

const users: User[] = [];
afterAll(() => {
  for (const user of users) user.leave();
});

async function newUser(env: Record<string, string> = {}): Promise<{ user: User; api: RotatingApi }> {
  const api = await RotatingApi.open();
  const user = new User({
    KIOSKCTL_ENVIRONMENT: 'sandbox',
    KIOSKCTL_PROFILE_ID: '1001',
    KIOSKCTL_BASE_URL: api.url,
    ...CLIENT,
    ...env,
  });
  users.push(user);
  return { user, api };
}

/** Runs processes at once. @returns their exit codes */
async function runAtOnce(user: User, count: number): Promise<(number | null)[]> {
  const all = Array.from({ length: count }, async () => user.spawn('cards --json'));
  return (await Promise.all(all)).map(({ code }) => code);
}

const VARIABLE = { KIOSKCTL_REFRESH_TOKEN: 'refresh-first' };

describe.concurrent.each<[string, Record<string, string>]>([
  ['a variable', VARIABLE],
  ['a login', {}],
])('a refresh token of %s that is valid once', (_, env) => {
  async function open() {
    const { user, api } = await newUser(env);
    if (env === VARIABLE) return { user, api };
    const { code, stderr } = await user.run('login --with-refresh-token --plain-file', {
      input: 'refresh-first\n',
    });
    expect(code, stderr).toBe(0);
    api.revoke();
    return { user, api };
  }

  test('a token is renewed by one of several processes, and the others use the new token', async () => {
    const { user, api } = await open();
    const before = api.renewals;
    expect(await runAtOnce(user, 4)).toEqual([0, 0, 0, 0]);
    expect([api.renewals - before, api.reuses]).toEqual([1, 0]);
    expect(statSync(join(user.home, 'credentials.json')).mode & 0o777).toBe(0o600);
  });

  test('a token is renewed once more if the API rejects the access token of several processes', async () => {
    const { user, api } = await open();
    await user.run('cards --json');
    const before = api.renewals;
    api.revoke();
    expect(await runAtOnce(user, 4)).toEqual([0, 0, 0, 0]);
    expect([api.renewals - before, api.reuses]).toEqual([1, 0]);
  });

  test('a renewed token is stored although a signal ends the command before the response', async () => {
    const { user, api } = await open();
    const answer = Promise.withResolvers<void>();
    api.held = answer.promise;
    const before = api.renewals;
    const child = user.start([user.binary, 'cards', '--json']);
    const end = ended(child);
    await expect.poll(() => api.renewals).toBe(before + 1);
    child.kill('SIGTERM');
    // The signal has its effect before the answer comes: another process starts and ends in the meantime.
    await user.spawn('explain PRD_HOPPER_DOOR');
    api.held = null;
    answer.resolve();
    expectError(await end, { code: 143, error: 'terminated' });
    expect((await user.run('cards --json')).code).toBe(0);
    expect(api.reuses).toBe(0);
  });

  test("a renewed token is stored although the command's deadline passes before the response", async () => {
    const { user, api } = await open();
    const answer = Promise.withResolvers<void>();
    api.held = answer.promise;
    const child = user.start([user.binary, 'wait-ready', '1001/501', '--timeout', '100ms', '--json']);
    const end = ended(child);
    if (child.stdout) await once(child.stdout, 'data');
    api.held = null;
    answer.resolve();
    expect((await end).json.error.message).toMatch(/The token was not renewed in time\.$/);
    expect((await user.run('cards --json')).code).toBe(0);
    expect(api.reuses).toBe(0);
  });
});

describe.concurrent('a refresh token of a variable', () => {
  test('the token that replaced KIOSKCTL_REFRESH_TOKEN is used, unless the variable has a new value', async () => {
    const { user, api } = await newUser(VARIABLE);
    expect((await user.run('cards --json')).code).toBe(0);
    api.revoke('refresh-second');
    const env = { KIOSKCTL_REFRESH_TOKEN: 'refresh-second' };
    expect((await user.run('cards --json', { env })).code).toBe(0);
    expect([api.renewals, api.reuses]).toEqual([2, 0]);
  });

  test('KIOSKCTL_REFRESH_TOKEN works if nothing can be stored, and the command reports this', async () => {
    const { user, api } = await newUser(VARIABLE);
    mkdirSync(join(user.home, 'credentials.json'));
    const { code, stderr } = await user.run('cards --json');
    expect([code, api.renewals]).toEqual([0, 1]);
    expect(stderr).toMatch(/^The renewed token can't be stored: .*credentials\.json/m);
  });

  test('a renewed token is not stored in CI, where runners are shared', async () => {
    const { user } = await newUser({ ...VARIABLE, CI: 'true' });
    expect((await user.run('cards --json')).code).toBe(0);
    expect(readdirSync(user.home).filter((name) => name.includes('credential'))).toEqual([]);
  });

  test('KIOSKCTL_REFRESH_TOKEN works although the stored logins are unreadable', async () => {
    const { user, api } = await newUser(VARIABLE);
    writeFileSync(join(user.home, 'credentials.json'), 'nonsense', { mode: 0o600 });
    expect((await user.run('cards --json')).code).toBe(0);
    expect(api.renewals).toBe(1);
  });
});
