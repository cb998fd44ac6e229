import { execFile, spawnSync } from 'node:child_process';
import { createServer as createSecureServer } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import { getProduction, openProduce } from '../../src/wise/cards.ts';
import { openRequest } from '../../src/wise/open-request.ts';
import { makeAgent } from '../../src/wise/proxy-agent.ts';
import { listen, makeCertificate, Proxy } from '../harness/network.ts';
import { json, makeClient, silence, Vendor } from '../harness/server.ts';
import { atTheEnd } from '../harness/suite/at-the-end.ts';
import { testUnless } from '../harness/suite/machine.ts';

const HOST = 'api.kioskctl.test';
const CA = makeCertificate({ commonName: 'The authority of connected requests', isCa: true });
const before = getCACertificates();
setDefaultCACertificates([...before, CA.cert]);
afterAll(() => setDefaultCACertificates(before));

const NAME = { profileId: 1001, cardToken: parseCardToken('ca0c8154-1e14-4464-a1ce-dcea7dc3de52') };
const IN_PROGRESS = {
  status: 'IN_PROGRESS',
  kioskId: parseKioskId('WIS00001'),
  occurredAt: '2026-03-01T12:24:56.121Z',
};

/** Passes connections on to a port, and records the error codes of the client's side. */
async function openRelay(target: number) {
  const sockets: Socket[] = [];
  const errors: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const onward = connect(target, '127.0.0.1');
    socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
    onward.on('error', () => undefined);
    socket.pipe(onward).pipe(socket);
  });
  const port = await listen(server as never);
  return { port, sockets, errors };
}

async function openSecureApi(): Promise<{ port: number; requests: string[] }> {
  const requests: string[] = [];
  const { key, cert } = makeCertificate({ commonName: HOST, issuer: CA });
  const server = createSecureServer({ key, cert }, (request) => void requests.push(request.url ?? ''));
  return { port: await listen(server), requests };
}

describe.concurrent('a connected request', () => {
  test('a connected request writes nothing before it is sent, and is sent once', async ({ expect }) => {
    const vendor = await Vendor.open(json(200, IN_PROGRESS));
    const request = await openProduce(vendor.client(), NAME, {});
    await pause(50);
    expect([request.isConnected, vendor.asked]).toEqual([true, []]);
    const sent = request.go({ kioskId: parseKioskId('WIS00001') });
    expect(request.isConnected).toBe(false);
    expect(await sent).toMatchObject({ kind: 'answered', production: { status: 'IN_PROGRESS' } });
    await request.go({ kioskId: parseKioskId('WIS00001') });
    expect(vendor.asked).toMatchObject([{ method: 'PUT', body: '{"kioskId":"WIS00001"}' }]);
  });

  test('a connected request was not sent if the server closed the connection before its first byte', async ({
    expect,
  }) => {
    const vendor = await Vendor.open(json(200, IN_PROGRESS));
    const relay = await openRelay(Number(new URL(vendor.url).port));
    const client = makeClient(`http://127.0.0.1:${relay.port}`);
    const request = await openProduce(client, NAME, {});
    relay.sockets[0]?.destroy();
    await expect.poll(() => request.isConnected).toBe(false);
    expect(await request.go({ kioskId: parseKioskId('WIS00001') })).toMatchObject({ kind: 'not-connected' });
    expect(vendor.asked).toEqual([]);
    expect(client.used).toEqual({ reads: 0, sends: 0 });
  });

  test('a connected request was not sent if the server responds before its first byte', async ({
    expect,
  }) => {
    const sockets: Socket[] = [];
    const port = await listen(createServer((socket) => void sockets.push(socket)) as never);
    const request = await openProduce(makeClient(`http://127.0.0.1:${port}`), NAME, {});
    await expect.poll(() => sockets.length).toBe(1);
    sockets[0]?.write('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n');
    await expect.poll(() => request.isConnected).toBe(false);
    expect(await request.go({ kioskId: parseKioskId('WIS00001') })).toMatchObject({ kind: 'not-connected' });
  });

  test('a connected request is not sent with a token that was rejected and replaced meanwhile', async ({
    expect,
  }) => {
    const vendor = await Vendor.open((response, number, asked) => {
      const isCurrent = asked.headers.authorization === 'Bearer second';
      (isCurrent ? json(200, IN_PROGRESS) : json(401, {}))(response, number, asked);
    });
    let current = 'first';
    const client = vendor.client({
      token: async () => current,
      replaceToken: async () => {
        current = 'second';
        return true;
      },
    });
    const request = await openProduce(client, NAME, {});
    await getProduction(client, NAME);
    expect(request.isConnected).toBe(false);
    const next = await openProduce(client, NAME, {});
    expect(await next.go({ kioskId: parseKioskId('WIS00001') })).toMatchObject({ kind: 'answered' });
  });

  test('a connected request is not opened without a connection', async ({ expect }) => {
    await expect(openProduce(makeClient('http://127.0.0.1:1'), NAME, {})).rejects.toMatchObject({
      code: 'unreachable',
    });
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    const vendor = await Vendor.open(silence);
    await expect(openProduce(vendor.client(), NAME, { signal })).rejects.toBe(reason);
  });

  test('the signal that ends the connecting does not abort a connected request', async ({ expect }) => {
    const controller = new AbortController();
    const vendor = await Vendor.open((response) => {
      controller.abort();
      setTimeout(() => response.end(JSON.stringify(IN_PROGRESS)), 50);
    });
    const request = await openProduce(vendor.client(), NAME, { signal: controller.signal });
    expect(await request.go({ kioskId: parseKioskId('WIS00001') })).toMatchObject({ kind: 'answered' });
  });

  test('a connected request that is closed frees its permit', async ({ expect }) => {
    const vendor = await Vendor.open(json(200, IN_PROGRESS));
    const client = vendor.client({ rateLimits: [{ requests: 2, within: 60_000 }] });
    for (let round = 0; round < 3; round += 1) {
      const request = await openProduce(client, NAME, { permit: await client.reserve() });
      request.close();
      expect(await request.go({ kioskId: parseKioskId('WIS00001') })).toMatchObject({
        kind: 'not-connected',
      });
    }
    expect(vendor.asked).toEqual([]);
  });

  test('connecting a request includes TLS with the API through a proxy', async ({ expect }) => {
    const api = await openSecureApi();
    const proxy = await Proxy.open({ target: api.port });
    const agent = makeAgent({ proxy: { url: proxy.url, credentials: null }, certificate: null });
    const client = makeClient(`https://${HOST}`, { agent: async () => agent });
    const request = await openProduce(client, NAME, {});
    expect([request.isConnected, proxy.asked.length, api.requests]).toEqual([true, 1, []]);
    request.close();
  });
});

describe.concurrent('the TCP connection of a request without an answer in time', () => {
  const content = { body: {}, timeout: 100 };

  test('a connection without a response in time is reset without TLS', async ({ expect }) => {
    const vendor = await Vendor.open(silence);
    const relay = await openRelay(Number(new URL(vendor.url).port));
    const url = `http://127.0.0.1:${relay.port}`;
    const request = await openRequest({ method: 'PUT', url, headers: {}, timeout: 10_000 });
    expect((await request.go(content)).outcome).toMatchObject({ kind: 'lost' });
    await expect.poll(() => relay.errors).toEqual(['ECONNRESET']);
  });

  test.for([false, true])(
    'a connection without a response in time is reset below TLS, also through a proxy with TLS: %s',
    async (isProxied, { expect }) => {
      const api = await openSecureApi();
      const issued = isProxied ? makeCertificate({ issuer: CA }) : null;
      const proxy = await Proxy.open({ target: api.port, ...(issued && { certificate: issued }) });
      const relay = await openRelay(Number(proxy.url.port));
      const url = new URL(proxy.url);
      url.port = String(relay.port);
      const agent = makeAgent({ proxy: { url, credentials: null }, certificate: null });
      atTheEnd(() => agent.destroy());
      const head = { method: 'PUT', url: `https://${HOST}/x`, headers: {}, timeout: 10_000, agent } as const;
      const request = await openRequest(head);
      expect(request.isConnected).toBe(true);
      expect((await request.go(content)).outcome).toMatchObject({ kind: 'lost' });
      expect(api.requests).toEqual(['/x']);
      await expect.poll(() => relay.errors).toEqual(['ECONNRESET']);
    },
  );

  test('a connection without a response in time is reset below TLS without a proxy', async ({ expect }) => {
    const { key, cert } = makeCertificate({ issuer: CA });
    const port = await listen(createSecureServer({ key, cert }, () => undefined));
    const relay = await openRelay(port);
    const agent = makeAgent({ proxy: null, certificate: null });
    atTheEnd(() => agent.destroy());
    const url = `https://localhost:${relay.port}`;
    const request = await openRequest({ method: 'PUT', url, headers: {}, timeout: 10_000, agent });
    expect((await request.go(content)).outcome).toMatchObject({ kind: 'lost' });
    await expect.poll(() => relay.errors).toEqual(['ECONNRESET']);
  });
});

/** A namespace of its own, so that cutting the network touches nothing else. */
const IN_NAMESPACE = ['--net', '--map-root-user', '--user'];
const isPossible = spawnSync('unshare', [...IN_NAMESPACE, 'ip', 'link', 'set', 'lo', 'up']).status === 0;
const testInNamespace = testUnless(isPossible ? null : 'network namespaces are not possible');

async function deliveredAfter(end: 'kill' | 'reset'): Promise<string> {
  const script = join(import.meta.dirname, 'late-delivery.ts');
  const { stdout } = await promisify(execFile)('unshare', [...IN_NAMESPACE, process.execPath, script, end]);
  return stdout;
}

testInNamespace(
  'a request that was written while the network was down is delivered after its process was killed, once the network is back',
  async () => expect(await deliveredAfter('kill')).toBe('late'),
  60_000,
);

testInNamespace(
  'a request that was written while the network was down is never delivered after its connection was reset',
  async () => expect(await deliveredAfter('reset')).toBe('never'),
  60_000,
);
