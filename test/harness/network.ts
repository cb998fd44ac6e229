// Certificates for tests, encoded in DER.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HttpAnswer, NoAnswer } from '../../src/wise/decode-answer.ts';
import { requestOnce } from '../../src/wise/http.ts';
import { openRequest } from '../../src/wise/open-request.ts';
import type { RequestContent, RequestHead } from '../../src/wise/try.ts';
import { atTheEnd } from './suite/at-the-end.ts';

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
const objectId = (...bytes: number[]) => der(0x06, Buffer.from(bytes));
const ECDSA_WITH_SHA256 = sequence(objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
/** Critical basic constraints that allow the certificate to sign others. */
const IS_CA = der(
  0xa3,
  sequence(
    sequence(
      objectId(0x55, 0x1d, 0x13),
      der(0x01, Buffer.from([0xff])),
      der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
    ),
  ),
);

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectId(0x55, 0x04, 0x03), der(0x0c, Buffer.from(commonName)))));
}

export interface Certificate {
  key: string;
  cert: string;
  commonName: string;
  privateKey: KeyObject;
}

interface CertificateOptions {
  commonName?: string;
  /** Default: self-signed. */
  issuer?: Certificate;
  /** End of validity, as `YYMMDD`. */
  until?: string;
  isCa?: boolean;
}

/** Creates a certificate. Default: for localhost, self-signed. */
export function makeCertificate(options: CertificateOptions = {}): Certificate {
  const { commonName = 'localhost', issuer, until = '491231', isCa = false } = options;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const validity = sequence(
    der(0x17, Buffer.from('200101000000Z')),
    der(0x17, Buffer.from(`${until}000000Z`)),
  );
  const tbs = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    nameOf(issuer?.commonName ?? commonName),
    validity,
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(isCa ? [IS_CA] : []),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', tbs, issuer?.privateKey ?? privateKey));
  const certificate = sequence(tbs, ECDSA_WITH_SHA256, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
    commonName,
    privateKey,
  };
}

// An HTTP proxy (CONNECT) that connects all clients to one local port, whatever host they request.
/** The proxy's reaction to a CONNECT request. */
export type Manner = 'connects' | 'hangs' | 'hangs up' | 'connects, hangs up' | { answers: number };

interface ProxyOptions {
  target?: number;
  manner?: Manner;
  /** Set for a proxy over TLS. */
  certificate?: Certificate;
}

const ordinary: RequestListener = (_, response) => void response.writeHead(400).end();

export class Proxy {
  readonly asked: { target: string; authorization: string | undefined }[] = [];
  readonly url: URL;

  private constructor(url: URL) {
    this.url = url;
  }

  static async open({ target = 0, manner = 'connects', certificate }: ProxyOptions): Promise<Proxy> {
    const server = certificate ? createSecureServer(certificate, ordinary) : createServer(ordinary);
    const proxy = new Proxy(new URL(`${certificate ? 'https' : 'http'}://127.0.0.1:${await listen(server)}`));
    if (certificate) proxy.url.hostname = 'localhost';
    server.on('connect', (request: IncomingMessage, client: Duplex) => {
      const { 'proxy-authorization': authorization } = request.headers;
      proxy.asked.push({ target: request.url ?? '', authorization });
      client.on('error', () => undefined);
      serve(client, { target, manner });
    });
    return proxy;
  }
}

function serve(client: Duplex, { target, manner }: { target: number; manner: Manner }): void {
  if (manner === 'hangs') return;
  if (manner === 'hangs up') return void client.destroy();
  if (typeof manner === 'object')
    return void client.end(`HTTP/1.1 ${manner.answers} No\r\ncontent-length: 2\r\n\r\nno`);
  const upstream = connect(target, '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (manner === 'connects, hangs up') return void client.destroy();
    upstream.pipe(client);
    client.pipe(upstream);
  });
  upstream.on('error', () => void client.destroy());
  client.on('close', () => void upstream.destroy());
}

/** Starts a server on a free port until the tests of the file have ended. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  atTheEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export type Send = (request: RequestHead & RequestContent) => Promise<HttpAnswer | NoAnswer>;

/** The two ways to send a request to Wise, with their names for test titles. */
export const TRANSPORTS: [string, Send][] = [
  ['over got', async (request) => (await requestOnce(request)).outcome],
  [
    'over a connection that was opened first',
    async ({ body, ...head }) => {
      const request = await openRequest(head);
      return (await request.go({ body, timeout: head.timeout })).outcome;
    },
  ],
];
