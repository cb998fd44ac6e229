// A receiver of webhooks with answers of a test that records its requests.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Got {
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** @param answer the status for the n-th request, from 0; null resets the connection; a promise answers later */
export async function openReceiver(
  answer: (turn: number, got: Got) => number | null | Promise<number> = () => 200,
) {
  const got: Got[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) };
    const status = await answer(got.push(one) - 1, one);
    if (status === null) return void response.socket?.resetAndDestroy();
    response.writeHead(status, { location: '/elsewhere' }).end('x'.repeat(100_000));
  };
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    got,
    url: new URL(`http://127.0.0.1:${port}/hooks?x=1`),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
