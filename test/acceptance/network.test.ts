// The way to the API: a proxy, a private authority, a client certificate; and what --verbose and --debug tell of it.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import { listen, makeCertificate, Proxy } from '../harness/network.ts';
import { SECRET, User } from '../harness/program.ts';

/** A host that only the proxy knows. */
const HOST = 'api.kioskctl.test';
const PASSWORD = 'hunter2-never-to-be-seen';
const CA = makeCertificate({ commonName: 'A private authority', isCa: true });

const user = new User({
  KIOSKCTL_ENVIRONMENT: 'sandbox',
  KIOSKCTL_PROFILE_ID: '1001',
  KIOSKCTL_TOKEN: SECRET,
});
const file = (name: string, content: string) => {
  writeFileSync(join(user.home, name), content);
  return join(user.home, name);
};
const NODE_EXTRA_CA_CERTS = file('ca.pem', CA.cert);
afterAll(() => user.leave());

async function openApi(options: ServerOptions = {}) {
  const names: unknown[] = [];
  const answer = ({ socket }: IncomingMessage, response: ServerResponse) => {
    names.push((socket as TLSSocket).getPeerCertificate().subject?.CN);
    response.setHeader('x-trace-id', 'abc123');
    response.end(JSON.stringify({ totalCount: 0, cards: [] }));
  };
  const { key, cert } = makeCertificate({ commonName: HOST, issuer: CA });
  return { names, port: await listen(createServer({ key, cert, ...options }, answer)) };
}

/** Opens a server that knows only TLS 1.0 and 1.1. */
async function openOldApi(): Promise<number> {
  const { key, cert } = makeCertificate({ commonName: HOST, issuer: CA });
  const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  return listen(createServer({ key, cert, ...versions }).on('tlsClientError', () => undefined));
}

function through(proxy: Proxy) {
  proxy.url.username = 'ada';
  proxy.url.password = PASSWORD;
  return { HTTPS_PROXY: proxy.url.href, KIOSKCTL_BASE_URL: `https://${HOST}`, NODE_EXTRA_CA_CERTS };
}

describe.concurrent('a command', () => {
  test('a command uses the proxy, trusts the private CA, and exits immediately', async () => {
    const api = await openApi();
    const proxy = await Proxy.open({ target: api.port });
    const { code, stdout, stderr } = await user.run('cards --debug --json', { env: through(proxy) });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/GET \/v3\/spend.* 200 trace abc123 .* ms\n/)]);
    expect(proxy.asked[0]?.target).toBe(`${HOST}:443`);
    expect(stderr).toContain('> authorization: [redacted]\n');
    expect(stderr).toContain('< {"totalCount":0,"cards":[]}\n');
    const basic = Buffer.from(`ada:${PASSWORD}`).toString('base64');
    for (const secret of [SECRET, PASSWORD, basic]) expect(stdout + stderr).not.toContain(secret);
  });

  test('a test notice uses the proxy, and shows neither its password nor the URL of the target', async () => {
    const api = await openApi();
    const proxy = await Proxy.open({ target: api.port });
    const notify = file(
      'notify.yaml',
      `targets: [{name: pager, format: json, url: 'https://${HOST}/s3cr3t-hook'}]\n`,
    );
    chmodSync(notify, 0o600);
    const command = `notify test pager --notify-file ${notify} --debug --json`;
    const { code, stdout, stderr } = await user.run(command, { env: through(proxy) });
    expect([code, proxy.asked.map(({ target }) => target)]).toEqual([0, [`${HOST}:443`]]);
    for (const secret of [PASSWORD, 's3cr3t-hook']) expect(stdout + stderr).not.toContain(secret);
  });

  test('a command that the proxy rejects reports this, with the next step', async () => {
    const proxy = await Proxy.open({ manner: { answers: 407 } });
    const { code, json, stdout, stderr } = await user.run('cards --json', { env: through(proxy) });
    expect(code).toBe(7);
    expect(json.error).toMatchObject({ code: 'unreachable', message: expect.stringContaining('407') });
    expect(stdout + stderr).not.toContain(PASSWORD);
    expect(proxy.asked).toHaveLength(1);
  });

  test('a command reports a proxy that does not respond within ten seconds', async () => {
    const proxy = await Proxy.open({ manner: 'hangs' });
    const started = performance.now();
    const { code, json } = await user.run('cards --json', { env: { HTTPS_PROXY: proxy.url.href } });
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(code).toBe(7);
    expect(json.error.message).toBe('The API could not be reached (the proxy did not answer for 7 s).');
    expect(proxy.asked).toHaveLength(1);
  });

  test.each([
    ['without TLS', async () => listen(createPlainServer()), 'it answers without TLS', /base URL/],
    ['with too old a TLS version', openOldApi, 'its TLS version is too old', /TLS 1\.2/],
  ])('names an https address %s, and is not repeated', async (_, open, reason, hint) => {
    const server = await open();
    const env = { KIOSKCTL_BASE_URL: `https://127.0.0.1:${server}` };
    const { code, json, stderr } = await user.run('cards --json --verbose', { env });
    expect(code).toBe(7);
    expect(json.error).toMatchObject({ code: 'unreachable', hint: expect.stringMatching(hint) });
    expect(json.error.message).toBe(`The API could not be reached (${reason}).`);
    expect(stderr.match(/GET /g)).toHaveLength(1);
  });

  test('a command reports a proxy that is configured with https but speaks plain HTTP', async () => {
    const proxy = await Proxy.open({});
    const env = { HTTPS_PROXY: proxy.url.href.replace('http:', 'https:') };
    const { code, json } = await user.run('cards --json', { env });
    expect(code).toBe(7);
    expect(json.error.message).toContain('the proxy could not be reached: it answers without TLS');
  });

  test("a command does not pass the proxy's password to the credential command", async () => {
    const api = await openApi();
    const proxy = await Proxy.open({ target: api.port });
    const own = new User({ KIOSKCTL_PROFILE_ID: '1001', KIOSKCTL_CONTEXT: 'vault' });
    const seen = join(own.home, 'environment');
    const script = join(own.home, 'vault.mjs');
    writeFileSync(
      script,
      `import { writeFileSync } from 'node:fs';
      writeFileSync(${JSON.stringify(seen)}, JSON.stringify(process.env));
      console.log('{"access_token":"abc"}');`,
    );
    const contexts = {
      vault: { environment: 'sandbox', credentialCommand: [process.execPath, script] },
    };
    writeFileSync(join(own.home, 'config.json'), JSON.stringify({ version: 1, contexts }));
    const { code } = await own.run('cards --json', { env: through(proxy) });
    const environment = readFileSync(seen, 'utf8');
    own.leave();
    expect(code).toBe(0);
    expect(proxy.asked[0]?.authorization).toMatch(/^Basic /);
    expect(environment).toContain(`http://127.0.0.1:${proxy.url.port}/`);
    expect(environment).not.toContain(PASSWORD);
  });

  test('a command presents the certificate of its context to the API', async () => {
    const api = await openApi({ ca: CA.cert, requestCert: true, rejectUnauthorized: true });
    const proxy = await Proxy.open({ target: api.port });
    const client = makeCertificate({ commonName: 'A bank', issuer: CA });
    const certificate = { certFile: file('bank.pem', client.cert), keyFile: file('bank.key', client.key) };
    const missing = { ...certificate, keyFile: join(user.home, 'nothing.key') };
    file(
      'config.json',
      JSON.stringify({
        version: 1,
        contexts: {
          bank: { environment: 'sandbox', certificate },
          keyless: { environment: 'sandbox', certificate: missing },
        },
      }),
    );
    const env = through(proxy);
    const [good, bad] = await Promise.all([
      user.run('cards --context bank --json', { env }),
      user.run('cards --context keyless --json', { env }),
    ]);
    expect([good.code, api.names]).toEqual([0, ['A bank']]);
    expect(bad.code).toBe(3);
    expect(bad.json.error).toMatchObject({
      code: 'credentials-unusable',
      message: expect.stringContaining('nothing.key'),
    });
  });

  test('debug output of a command contains nothing about a cardholder', async () => {
    const own = new User();
    const { code, stderr } = await own.run('order --debug --json');
    own.leave();
    expect([code, stderr]).toEqual([0, expect.stringContaining('"cardHolderName":"[redacted]"')]);
    expect(stderr).not.toMatch(/sample|\+441234567890|E1 6JJ/i);
  });
});
