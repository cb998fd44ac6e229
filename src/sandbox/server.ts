import http from 'node:http';
import https from 'node:https';
import { failure, systemCode } from '../domain/errors/failure.ts';
import { type Address, HEAD_LIMIT_BYTES, listen, RunningWork, refuseConnection } from '../http/server.ts';
import { type Answer, plainError, type Reply, replyOf, send } from './api/answers.ts';
import { CONTROL_ROOT, type Received, receive } from './api/body.ts';
import { answerVendor } from './api/exchange.ts';
import type { RateLimits } from './api/rate-limits.ts';
import { answerControl } from './control.ts';
import { callbackCheck } from './notify.ts';
import type { State } from './state/state.ts';

/** Timeouts in milliseconds. The keep-alive timeout exceeds the pause between two polls. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 60_000,
  maxHeaderSize: HEAD_LIMIT_BYTES,
} as const;

/** Trace id of responses that are not part of the Wise API. */
const NO_TRACE = '0'.repeat(32);

/** TLS certificate and private key, in PEM. */
export interface TlsFiles {
  cert: Buffer;
  key: Buffer;
}

interface ServerOptions {
  tls: TlsFiles | null;
  limits: RateLimits | null;
  isCallbackChecked: boolean;
}

/** HTTP or HTTPS server of a sandbox state. */
export class SandboxServer {
  readonly #state: State;
  readonly #limits: RateLimits | null;
  readonly #isCallbackChecked: boolean;
  readonly #server: http.Server;
  readonly #closing = new AbortController();
  readonly #running = new RunningWork();
  #requests = 0;

  /** @throws Failure `invalid-input` for an invalid certificate or key */
  constructor(state: State, { tls, limits, isCallbackChecked }: ServerOptions) {
    this.#state = state;
    this.#limits = limits;
    this.#isCallbackChecked = isCallbackChecked;
    this.#server = makeServer(tls);
    this.#server.on('request', (...exchange) => this.#running.add(this.#serve(...exchange)));
    this.#server.on('clientError', refuseConnection);
  }

  /** Starts the server. @returns the base URL @throws Failure `usage` if the address is not available */
  async listen({ host, port }: Address): Promise<string> {
    const hint = 'Choose another --port (0 picks a free one) or --host.';
    return listen(this.#server, { host, port }, (code) =>
      failure('usage', `The sandbox cannot listen on ${host}:${port} (${code}).`, hint),
    );
  }

  /** Stops immediately: aborts open connections and delayed responses. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    await this.#running.end();
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    // A closed connection is no error of the sandbox.
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
      const { signal } = this.#closing;
      const checkCallback = this.#isCallbackChecked ? callbackCheck(this.#state, signal) : undefined;
      const exchange = { received, number: this.#requests, limitedFor, signal, checkCallback };
      return await answerVendor(this.#state, exchange);
    } catch (error) {
      if (this.#closing.signal.aborted) throw error;
      return replyOf(internalError(error, received.path), { at: Date.now(), traceId: NO_TRACE });
    }
  }
}

function makeServer(tls: TlsFiles | null): http.Server {
  if (!tls) return http.createServer(LIMITS);
  try {
    return https.createServer({ ...LIMITS, ...tls });
  } catch (error) {
    const reason = systemCode(error, 'unreadable');
    throw failure(
      'invalid-input',
      `Certificate and key can't be used together (${reason}).`,
      'Use PEM files, the key without a passphrase: --tls-cert FILE --tls-key FILE.',
    );
  }
}

/** Creates the response for an error of the sandbox itself: an unusable state file, or a bug. */
function internalError(error: unknown, path: string): Answer {
  const message = error instanceof Error ? error.message : 'unknown';
  return { status: 500, body: plainError(500, `The sandbox failed: ${message}`, { at: Date.now(), path }) };
}
