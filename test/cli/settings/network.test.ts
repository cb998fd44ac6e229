import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { childEnv, findProxy, readCertificate, secretsOf } from '../../../src/cli/settings/network.ts';
import { makeFolder } from '../../harness/command-line.ts';
import { makeCertificate } from '../../harness/network.ts';

const API = 'https://api.wise-sandbox.com';
const VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY', 'no_proxy', 'NO_PROXY'];
const before = VARIABLES.map((name) => [name, process.env[name]] as const);

function put(variables: Record<string, string>): void {
  for (const name of VARIABLES) delete process.env[name];
  Object.assign(process.env, variables);
}

afterEach(() => {
  put({});
  for (const [name, value] of before) if (value !== undefined) process.env[name] = value;
});

const failing = async () => (async () => findProxy(API))().catch((error: unknown) => error);

async function secretsIn(address: string): Promise<string[] | null> {
  put({ HTTPS_PROXY: address });
  const proxy = findProxy(API);
  return proxy && secretsOf(proxy);
}

describe('the proxy', () => {
  test.each<[Record<string, string>, string, string | null]>([
    [{}, API, null],
    [{ HTTPS_PROXY: '' }, API, null],
    [{ HTTPS_PROXY: 'http://proxy.example:3128' }, API, 'http://proxy.example:3128/'],
    [{ https_proxy: 'https://proxy.example' }, API, 'https://proxy.example/'],
    [{ HTTPS_PROXY: 'proxy.example:3128' }, API, 'http://proxy.example:3128/'],
    [{ ALL_PROXY: 'http://proxy.example' }, API, 'http://proxy.example/'],
    [{ HTTPS_PROXY: 'http://p.example', NO_PROXY: 'api.wise-sandbox.com' }, API, null],
    [{ HTTPS_PROXY: 'http://p.example', no_proxy: 'x.example,.wise-sandbox.com' }, API, null],
    [{ HTTPS_PROXY: 'http://p.example', NO_PROXY: '*' }, API, null],
    [{ HTTPS_PROXY: 'http://p.example', NO_PROXY: 'other.example' }, API, 'http://p.example/'],
    [{ HTTPS_PROXY: 'http://p.example' }, 'https://localhost:8443', null],
    [{ HTTPS_PROXY: 'http://p.example' }, 'http://127.0.0.1:80', null],
  ])('with %j, the proxy to %s is %s', async (variables, url, proxy) => {
    put(variables);
    expect(findProxy(url)?.url.href ?? null).toBe(proxy);
  });

  test.each<[string, string, boolean]>([
    ['wise-sandbox.com', API, true],
    ['WISE-sandbox.com.', API, true],
    ['*.wise-sandbox.com', API, true],
    ['.api.wise-sandbox.com', API, true],
    ['box.com', API, false],
    ['.', API, false],
    ['x.example wise-sandbox.com', API, true],
    ['x.example,*', API, true],
    ['wise-sandbox.com', 'https://api.wise-sandbox.com.', true],
    ['wise-sandbox.com:443', API, true],
    ['wise-sandbox.com:8443', API, false],
    ['wise-sandbox.com:8443', `${API}:8443`, true],
    ['10.0.0.0/8', 'https://10.20.30.40', true],
    ['10.0.0.0/8', 'https://11.20.30.40', false],
    ['10.0.0.0/8:8443', 'https://10.20.30.40:8443', true],
    ['10.20.30.40', 'https://10.20.30.40', true],
    ['10.20.30.40', 'https://10.20.30.4', false],
    ['10.0.0.0/33', 'https://10.0.0.0', false],
    ['10.0.0.0/x', 'https://10.0.0.0', false],
    ['10.0.0.0/8', API, false],
    ['fd00::/8', 'https://[fd12::1]', true],
    ['[fd00::]/8', 'https://[fd12::1]', true],
    ['fd12::1', 'https://[fd12:0::1]', true],
    ['[fd12::1]', 'https://[fd12::1]', true],
    ['[fd12::1]:443', 'https://[fd12::1]', true],
    ['[fd12::1]:8443', 'https://[fd12::1]', false],
    ['fd12::2', 'https://[fd12::1]', false],
    ['fe80::/200', 'https://[fe80::1]', false],
    ['1.2.3', 'https://10.1.2.3', false],
    ['2.3', 'https://10.1.2.3', false],
  ])('NO_PROXY=%s is read as curl reads it: for %s it applies: %s', (NO_PROXY, url, applies) => {
    put({ HTTPS_PROXY: 'http://p.example', NO_PROXY });
    expect(findProxy(url) === null).toBe(applies);
  });

  test('the credentials of a proxy are decoded, and a bad % in them is a mistake', async () => {
    put({ HTTPS_PROXY: 'http://ada:50%25%20off@p.example' });
    expect(findProxy(API)?.credentials).toEqual({ user: 'ada', password: '50% off' });
    for (const pair of ['ada:hunter22%', 'hunter22%zz']) {
      put({ HTTPS_PROXY: `http://${pair}@p.example` });
      const failure: unknown = await failing();
      expect(failure).toMatchObject({ code: 'usage', exitCode: 2, hint: expect.stringContaining('%25') });
      expect(JSON.stringify(failure)).not.toContain('hunter22');
    }
  });

  test.each(['socks5://ada:hunter22@p.example', 'http://', 'http://ada:hunter22@p:x:y'])(
    '%s is refused, without its credentials',
    async (address) => {
      put({ HTTPS_PROXY: address });
      const failure: unknown = await failing();
      expect(failure).toMatchObject({ code: 'usage', message: expect.stringContaining('HTTPS_PROXY') });
      expect(JSON.stringify(failure)).not.toContain('hunter22');
    },
  );

  test('the password of a proxy is a secret in every form, and so is a user name without a password', async () => {
    expect(await secretsIn('http://ada:p%40ss-word@p.example')).toEqual(
      expect.arrayContaining(['p%40ss-word', 'p@ss-word', Buffer.from('ada:p@ss-word').toString('base64')]),
    );
    expect(await secretsIn('http://gate-token-4711@p.example')).toContain('gate-token-4711');
    expect(await secretsIn('http://p.example')).toEqual([]);
  });
});

test('programs that kioskctl starts get the addresses of proxies without their passwords', () => {
  const env = {
    HTTPS_PROXY: 'http://ada:p@ss/word@p.example:3128/',
    all_proxy: 'token-4711@p.example',
    npm_config_proxy: 'https://ada:hunter22@p.example',
    NO_PROXY: 'a.example,10.0.0.0/8',
    OTHER: 'http://ada:hunter22@p.example',
  };
  expect(childEnv(env)).toEqual({
    HTTPS_PROXY: 'http://p.example:3128/',
    all_proxy: 'p.example',
    npm_config_proxy: 'https://p.example',
    NO_PROXY: 'a.example,10.0.0.0/8',
    OTHER: 'http://ada:hunter22@p.example',
  });
});

function write(content: { cert?: string; key?: string }) {
  const folder = makeFolder();
  const files = { certFile: join(folder, 'bank.pem'), keyFile: join(folder, 'bank.key') };
  if (content.cert !== undefined) writeFileSync(files.certFile, content.cert);
  if (content.key !== undefined) writeFileSync(files.keyFile, content.key);
  return files;
}

describe('the client certificate', () => {
  const NOW = Date.parse('2026-03-01T12:00:00Z');
  const good = makeCertificate();
  test('a client certificate is read with its key', () => {
    expect(readCertificate(write(good), NOW)).toEqual({
      cert: good.cert,
      key: good.key,
      validUntil: Date.UTC(2049, 11, 31),
    });
  });

  test.each<[string, { cert?: string; key?: string }, RegExp]>([
    ['is not there', { key: good.key }, /bank\.pem.*no such file/],
    ['has no key', { cert: good.cert }, /bank\.key.*no such file/],
    ['is none', { cert: 'hello', key: good.key }, /bank\.pem.*not a certificate/],
    ['has something else as its key', { cert: good.cert, key: 'hello' }, /bank\.key.*not a key/],
    ['has the key of another', { cert: good.cert, key: makeCertificate().key }, /bank\.key.*not the key of/],
    ['ended', makeCertificate({ until: '260101' }), /bank\.pem.*expired on 2026-01-01/],
  ])('a client certificate that %s is refused with the reason', (_, content, message) => {
    expect(() => readCertificate(write(content), NOW)).toThrow(
      expect.objectContaining({ code: 'credentials-unusable', message: expect.stringMatching(message) }),
    );
  });
});
