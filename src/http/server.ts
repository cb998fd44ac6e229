import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Address {
  host: string;
  /** 0 selects a free port. */
  port: number;
}

export const HEAD_LIMIT_BYTES = 16 * 1024;

/**
 * Starts listening. Ignores later errors of the server (like too many open files), because each affects only one
 * connection.
 * @param unusable creates the error for an unavailable address, from a code like `EADDRINUSE`
 * @returns the origin, like `http://127.0.0.1:8080`; a loopback one for a server on all addresses
 */
export async function listen(
  server: Server,
  { host, port }: Address,
  unusable: (code: string) => Error,
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => reject(unusable(error.code ?? error.message)));
    server.listen({ host, port }, resolve);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has such an address
  const address = server.address() as AddressInfo;
  const scheme = 'setSecureContext' in server ? 'https' : 'http';
  return `${scheme}://${nameIn(host)}:${address.port}`;
}

/** Returns a host as clients of this machine write it in a URL. */
function nameIn(host: string): string {
  if (isUnspecified(host)) return host.includes(':') ? '[::1]' : '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** True for an address that stands for all addresses of the machine. */
export function isUnspecified(host: string): boolean {
  return /^(0\.0\.0\.0|[0:]+)$/.test(host);
}

/** Responses to malformed connections, by error code. Any other code is `NO_HTTP`. */
const REFUSED_CONNECTIONS: Readonly<Record<string, { httpStatus: number; reason: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { httpStatus: 408, reason: 'too slow' },
  HPE_HEADER_OVERFLOW: { httpStatus: 431, reason: `headers of over ${HEAD_LIMIT_BYTES / 1024} KiB` },
  HPE_INVALID_EOF_STATE: { httpStatus: 400, reason: 'cut off by the sender' },
};
const NO_HTTP = { httpStatus: 400, reason: 'not HTTP' };

/**
 * Responds to a connection whose request is malformed, incomplete or too slow, and closes it.
 * @returns the response; null if the client can't receive one
 */
export function refuseConnection(
  { code = '' }: NodeJS.ErrnoException,
  socket: Duplex,
): { httpStatus: number; reason: string } | null {
  const isSilent = 'bytesRead' in socket && socket.bytesRead === 0;
  if (isSilent || code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return null;
  }
  const refusal = REFUSED_CONNECTIONS[code] ?? NO_HTTP;
  const { httpStatus } = refusal;
  socket.end(
    `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    () => socket.destroy(),
  );
  return refusal;
}

/** Tracks running tasks, so that a server can wait for them before it stops. */
export class RunningWork {
  readonly #running = new Set<Promise<void>>();

  get size(): number {
    return this.#running.size;
  }

  /** Adds a task. @param work must never reject @param onEnd called after the task is removed */
  add(work: Promise<void>, onEnd?: () => void): void {
    const running = work.finally(() => {
      this.#running.delete(running);
      onEnd?.();
    });
    this.#running.add(running);
  }

  /** Resolves when no task is left. Waits for tasks that are added in the meantime as well. */
  async end(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

/**
 * Reads a request body.
 * @param limit maximum size in bytes
 * @returns `too-large` as soon as the limit is exceeded; null if the client closed the connection early
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer | 'too-large' | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else resolve('too-large');
    });
    request.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.once('error', () => resolve(null));
    request.once('close', () => resolve(null));
  });
}

/**
 * Reads and discards the rest of a body, because many clients read the response only after sending it.
 * @param patience timeout in milliseconds
 */
export function discardRest(request: IncomingMessage, patience: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patience);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once('end', done).once('close', done).once('error', done);
    request.resume();
  });
}
