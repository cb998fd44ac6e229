import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** What a vendor's gateway would take, in bytes. */
const BODY_LIMIT = 256 * 1024;

/** Control bodies may carry a large answer for a fault. */
const CONTROL_BODY_LIMIT = 32 * 1024 * 1024;

/** Beyond this the rest is not even read: the connection is cut. */
const DRAIN_LIMIT = 64 * 1024 * 1024;

export const CONTROL_ROOT = '/_sandbox/';

/** A request as it arrived. */
export interface Received {
  method: string;
  /** As it was sent, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** null when it was too large. */
  body: Buffer | null;
  isFromLoopback: boolean;
}

/** Reads a request to its end. @throws when the client goes away */
export async function receive(request: IncomingMessage): Promise<Received> {
  const { path, query } = splitTarget(request.url ?? '/');
  return {
    method: request.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    headers: request.headers,
    body: await readBody(request, path.startsWith(CONTROL_ROOT) ? CONTROL_BODY_LIMIT : BODY_LIMIT),
    isFromLoopback: isLoopback(request.socket.remoteAddress ?? ''),
  };
}

/** Proxies send the whole URL; everybody else path and query. */
function splitTarget(url: string): { path: string; query: string } {
  const target = url.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = target.indexOf('?');
  return mark === -1
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** Too much is read and thrown away: a client that still writes would not see an answer otherwise. */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    if (size > DRAIN_LIMIT) throw new RangeError('the body never ends');
  }
  return size <= limit ? Buffer.concat(chunks) : null;
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
