// A proxy that makes connections by CONNECT: all of them to one port of this machine, whatever host they name.
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from './certificate.ts';
import { atTheEnd } from './vendor.ts';

/** The reaction to a request to connect. */
export type Manner = 'connects' | 'hangs' | 'hangs up' | 'connects, hangs up' | { answers: number };

interface ProxyOptions {
  target?: number;
  manner?: Manner;
  /** Over TLS. */
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

/** Listens on a free port, until the tests of the file are over. */
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
