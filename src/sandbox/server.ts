import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Failure } from '../domain/errors/failure.ts';
import { type Answer, plainError } from './api/answers.ts';
import { CONTROL_ROOT, type Received, receive } from './api/body.ts';
import { answerVendor } from './api/exchange.ts';
import type { RateLimits } from './api/rate-limits.ts';
import { type Reply, replyOf, send } from './api/reply.ts';
import { answerControl } from './control.ts';
import type { State } from './state/state.ts';

/** A client may send slowly, but not for ever; in milliseconds. An idle connection is kept longer than polls pause. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 60_000 } as const;

/** Of an answer that has nothing to do with the vendor. */
const NO_TRACE = '0'.repeat(32);

/** With what it serves https, in PEM. */
export interface TlsFiles {
  cert: Buffer;
  key: Buffer;
}

/** Serves a state over HTTP, or HTTPS. */
export class SandboxServer {
  readonly #state: State;
  readonly #limits: RateLimits | null;
  readonly #scheme: 'http' | 'https';
  readonly #server: http.Server;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #requests = 0;

  /** @throws Failure `invalid-input` for a certificate or key that can't be used */
  constructor(state: State, { tls, limits }: { tls: TlsFiles | null; limits: RateLimits | null }) {
    this.#state = state;
    this.#limits = limits;
    this.#scheme = tls ? 'https' : 'http';
    this.#server = makeServer(tls);
    this.#server.on('request', (request, response) => this.#track(this.#serve(request, response)));
    this.#server.on('clientError', refuseConnection);
    // A connection that can't be taken (too many open files) is that client's loss.
    this.#server.on('error', () => {});
  }

  /** @returns the URL @throws Failure `usage` when the address can't be listened on */
  async listen({ host, port }: { host: string; port: number }): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(unusableAddress(error, { host, port })));
      this.#server.listen({ host, port }, resolve);
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has such an address
    const address = this.#server.address() as AddressInfo;
    return `${this.#scheme}://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  }

  /** Stops at once: open connections are cut, and delayed answers are not waited for. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    await Promise.all(this.#running);
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    // A client that goes away is no error of the sandbox.
    response.on('error', () => request.socket.destroy());
    try {
      send(response, await this.#reply(await receive(request)));
    } catch {
      request.socket.destroy();
    }
  }

  async #reply(received: Received): Promise<Reply> {
    try {
      if (received.path.startsWith(CONTROL_ROOT))
        return replyOf(answerControl(this.#state, received), { at: this.#state.now(), traceId: NO_TRACE });
      this.#requests += 1;
      const limitedFor = this.#limits?.refuse() ?? null;
      const exchange = { received, number: this.#requests, limitedFor, signal: this.#closing.signal };
      return await answerVendor(this.#state, exchange);
    } catch (error) {
      if (this.#closing.signal.aborted) throw error;
      return replyOf(internalError(error, received.path), { at: Date.now(), traceId: NO_TRACE });
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }
}

function makeServer(tls: TlsFiles | null): http.Server {
  const limits = { ...LIMITS, maxHeaderSize: 16 * 1024 };
  if (!tls) return http.createServer(limits);
  try {
    return https.createServer({ ...limits, ...tls });
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new Failure('invalid-input', `Certificate and key can't be used together (${reason}).`, {
      hint: 'Give both in PEM, the key without a passphrase: --tls-cert FILE --tls-key FILE.',
    });
  }
}

/** The state can't be used (Failure), or this is a bug of the sandbox. */
function internalError(error: unknown, path: string): Answer {
  const message = error instanceof Error ? error.message : 'unknown';
  return { status: 500, body: plainError(500, `The sandbox failed: ${message}`, { at: Date.now(), path }) };
}

/** Answers what is no HTTP. */
function refuseConnection(error: Error & { code?: string }, socket: Duplex): void {
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  if (socket.writable)
    socket.end(
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
  else socket.destroy();
}

function unusableAddress(error: Error, { host, port }: { host: string; port: number }): Failure {
  const reason = 'code' in error ? String(error.code) : error.message;
  return new Failure('usage', `The sandbox can not listen on ${host}:${port} (${reason}).`, {
    hint: 'Choose another --port (0 picks a free one) or --host.',
  });
}
