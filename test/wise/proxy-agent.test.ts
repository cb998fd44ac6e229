import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import { unreachable } from '../../src/wise/client.ts';
import { makeAgent, type Network } from '../../src/wise/proxy-agent.ts';
import type { RequestHead } from '../../src/wise/try.ts';
import {
  type Certificate,
  listen,
  type Manner,
  makeCertificate,
  Proxy,
  type Send,
  TRANSPORTS,
} from '../harness/network.ts';

/** A host that only the proxy knows. */
const HOST = 'api.kioskctl.test';
const URL_OF_API = `https://${HOST}/x`;
const CA = makeCertificate({ commonName: 'The authority of a proxied API', isCa: true });
const OTHER_CA = makeCertificate({ commonName: 'Another authority', isCa: true });

// What NODE_EXTRA_CA_CERTS does at the start of a process.
const before = getCACertificates();
setDefaultCACertificates([...before, CA.cert]);
afterAll(() => setDefaultCACertificates(before));

interface Api {
  port: number;
  connections: number;
  requests: number;
}

async function openApi(options: ServerOptions = makeCertificate({ commonName: HOST, issuer: CA })) {
  const { key, cert, ...rest } = options;
  const server = createSecureServer({ key, cert, ...rest }, (request, response) => {
    api.requests += 1;
    if (request.url === '/lost') return void request.socket.destroy();
    if (request.url === '/silent') return;
    response.end(JSON.stringify({ name: authorizedAs(request.socket) }));
  });
  const api: Api = { port: 0, connections: 0, requests: 0 };
  server.on('secureConnection', () => (api.connections += 1));
  server.on('tlsClientError', () => undefined);
  api.port = await listen(server);
  return api;
}

function authorizedAs(socket: unknown): string | null {
  const { authorized, getPeerCertificate } = socket as {
    authorized: boolean;
    getPeerCertificate: () => { subject: { CN: string } };
  };
  return authorized ? getPeerCertificate.call(socket).subject.CN : null;
}

/** A proxy without credentials. */
const open = (url: URL) => ({ url, credentials: null });

const putOver =
  (send: Send) =>
  async (network: Partial<Network>, more: Partial<RequestHead> = {}) => {
    const agent = makeAgent({ proxy: null, certificate: null, ...network });
    return send({ method: 'PUT', url: URL_OF_API, headers: {}, body: {}, timeout: 20_000, agent, ...more });
  };

describe.concurrent.for(TRANSPORTS)('through a proxy, %s', ([, send]) => {
  const put = putOver(send);

  test('a request through a proxy reaches the API, and only the proxy receives its credentials', async () => {
    const api = await openApi();
    const proxy = await Proxy.open({ target: api.port });
    const withCredentials = { url: proxy.url, credentials: { user: 'ada', password: 'p@ss:word' } };
    expect(await put({ proxy: withCredentials })).toMatchObject({ kind: 'answered', httpStatus: 200 });
    const basic = `Basic ${Buffer.from('ada:p@ss:word').toString('base64')}`;
    expect(proxy.asked).toEqual([{ target: `${HOST}:443`, authorization: basic }]);
  });

  test("the next request through a proxy uses the same connection, even after the proxy's timeout", async () => {
    const api = await openApi();
    const proxy = await Proxy.open({ target: api.port });
    const agent = makeAgent({ proxy: open(proxy.url), certificate: null, proxyTimeout: 3_000 });
    await put({}, { agent });
    await pause(3_100);
    expect(await put({}, { agent })).toMatchObject({ httpStatus: 200 });
    expect([proxy.asked.length, api.connections, api.requests]).toEqual([1, 1, 2]);
    expect(await put({}, { agent, url: `https://${HOST}/lost` })).toMatchObject({ kind: 'lost' });
  });

  test('a request through a proxy with TLS reaches the API', async () => {
    const api = await openApi();
    const certificate = makeCertificate({ issuer: CA });
    const proxy = await Proxy.open({ target: api.port, certificate });
    expect(await put({ proxy: open(proxy.url) })).toMatchObject({ httpStatus: 200 });
    const untrusted = await Proxy.open({ target: api.port, certificate: makeCertificate() });
    expect(await put({ proxy: open(untrusted.url) })).toMatchObject({
      kind: 'not-connected',
      fault: 'proxy',
    });
  });

  test.for<[string, Manner, string]>([
    ['it refuses', { answers: 403 }, 'proxy'],
    ['it cannot get there', { answers: 502 }, 'proxy'],
    ['it fails', { answers: 500 }, 'proxy'],
    ['it wants other credentials', { answers: 407 }, 'proxy-credentials'],
    ['it hangs up', 'hangs up', 'proxy'],
    ['it does not answer', 'hangs', 'proxy'],
  ])('nothing was sent when %s', async ([, manner, fault], { expect }) => {
    const api = await openApi();
    const proxy = await Proxy.open({ target: api.port, manner });
    const answer = await put({ proxy: open(proxy.url), proxyTimeout: manner === 'hangs' ? 200 : 10_000 });
    expect(answer).toMatchObject({ kind: 'not-connected', fault });
    expect(api.requests).toBe(0);
  });

  test('nothing was sent if no proxy listens on the port', async () => {
    const answer = await put({ proxy: open(new URL('http://127.0.0.1:1')) });
    expect(answer).toMatchObject({ kind: 'not-connected', fault: 'proxy' });
    expect(answer).toMatchObject({ reason: expect.stringContaining('ECONNREFUSED') });
  });

  test('nothing was sent before the TLS handshake with the API itself', async () => {
    const deaf = await listen(createServer(() => undefined) as never);
    const slow = await Proxy.open({ target: deaf });
    expect(await put({ proxy: open(slow.url) }, { timeout: 300 })).toMatchObject({ kind: 'not-connected' });
    const api = await openApi();
    const hasty = await Proxy.open({ target: api.port, manner: 'connects, hangs up' });
    expect(await put({ proxy: open(hasty.url) })).toMatchObject({ kind: 'not-connected' });
    const untrusted = await openApi(makeCertificate({ commonName: HOST }));
    const proxy = await Proxy.open({ target: untrusted.port });
    expect(await put({ proxy: open(proxy.url) })).toMatchObject({
      kind: 'not-connected',
      fault: 'server-certificate',
    });
    expect([api.requests, untrusted.requests]).toEqual([0, 0]);
  });

  test('a request that was sent through a proxy is lost if no response arrives', async () => {
    const api = await openApi();
    const proxy = await Proxy.open({ target: api.port });
    const lost = await put({ proxy: open(proxy.url) }, { url: `https://${HOST}/lost` });
    const silent = await put({ proxy: open(proxy.url) }, { url: `https://${HOST}/silent`, timeout: 4_000 });
    expect([lost.kind, silent.kind, api.requests]).toEqual(['lost', 'lost', 2]);
  });
});

const at = (api: Api) => ({ url: `https://localhost:${api.port}/x` });

describe.concurrent.for(TRANSPORTS)('mutual TLS, %s', ([, send]) => {
  const put = putOver(send);

  const client = makeCertificate({ commonName: 'A bank', issuer: CA });
  const strict = async (more: ServerOptions = {}) =>
    openApi({
      ...makeCertificate({ issuer: CA }),
      ca: CA.cert,
      requestCert: true,
      rejectUnauthorized: true,
      ...more,
    });

  test.for(['TLSv1.3', 'TLSv1.2'] as const)(
    'mutual TLS presents the certificate, %s',
    async (maxVersion, { expect }) => {
      const api = await strict({ maxVersion });
      expect(await put({ certificate: client }, at(api))).toMatchObject({ body: { name: 'A bank' } });
    },
  );

  test('mutual TLS presents the certificate through a proxy', async () => {
    const api = await strict(makeCertificate({ commonName: HOST, issuer: CA }));
    const proxy = await Proxy.open({ target: api.port });
    expect(await put({ certificate: client, proxy: open(proxy.url) })).toMatchObject({
      body: { name: 'A bank' },
    });
  });

  test.for<[string, Certificate | null, string]>([
    ['none', null, 'client-certificate'],
    [
      'that of another authority',
      makeCertificate({ commonName: 'x', issuer: OTHER_CA }),
      'client-certificate-perhaps',
    ],
    [
      'one that ended',
      makeCertificate({ commonName: 'x', issuer: CA, until: '210101' }),
      'client-certificate-perhaps',
    ],
  ])('refused: %s', async ([, certificate, fault], { expect }) => {
    const api = await strict();
    const answer = await put({ certificate }, at(api));
    expect(answer).toMatchObject({ fault });
    // A server that closes the connection may have read the request; one that sends an alert has not.
    expect(answer.kind).toBe(fault === 'client-certificate' ? 'not-connected' : 'lost');
    expect(api.requests).toBe(0);
  });
});

describe('the failure', () => {
  test.for([
    ['proxy', 'unreachable', 'NO_PROXY', 7],
    ['proxy-credentials', 'unreachable', 'USER:PASSWORD', 7],
    ['server-certificate', 'unreachable', 'NODE_EXTRA_CA_CERTS', 7],
    ['client-certificate', 'credentials-refused', 'certificate of the context', 3],
    ['client-certificate-perhaps', 'unreachable', 'client certificate', 7],
  ] as const)('of a fault names what to do: %s', ([fault, code, hint, exitCode], { expect }) => {
    const failure = unreachable({ kind: 'not-connected', reason: 'r', fault, correlationId: 'c' });
    expect(failure).toMatchObject({ code, exitCode, hint: expect.stringContaining(hint) });
  });
});
