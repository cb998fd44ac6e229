import http from 'node:http';
import { failure } from '../domain/errors/failure.ts';
import { isLoopback } from '../domain/text/words.ts';
import { EventStream } from './event-stream.ts';
import { PasswordCheck } from './password-check.ts';
import {
  type Address,
  HEAD_LIMIT_BYTES,
  isUnspecified,
  listen,
  RunningWork,
  refuseConnection,
} from './server.ts';

export interface AdminAnswer {
  httpStatus: number;
  type: string;
  body: string;
  headers?: http.OutgoingHttpHeaders;
}

/** An answer that continues until the client leaves or the server stops. */
export interface AdminStream {
  open: (stream: EventStream) => void;
}

interface AdminRoute {
  /** True if the route needs no password. */
  isOpen: boolean;
  answer: () => Promise<AdminAnswer | AdminStream>;
}

export interface AdminOptions {
  address: Address;
  /** Additional names that the Host header may contain. Loopback names and the server's address are always allowed. */
  names: readonly string[];
  /** Password for HTTP Basic, with any user name; null for none. */
  password: string | null;
  routes: Readonly<Record<string, AdminRoute>>;
}

/**
 * Limits of the server. Times are milliseconds. A browser opens some connections for a board, and keeps one. Node checks
 * the times before it reads what has arrived, so they must be longer than a process on a busy machine stands still.
 */
const LIMITS = { connections: 256, head: 20_000, request: 20_000, grace: 2_000 };

const ASK_PASSWORD = { 'www-authenticate': 'Basic realm="kioskctl", charset="UTF-8"' };

/**
 * HTTP server through which operators monitor a server. It changes nothing. Rejects requests with a foreign Host
 * header, so that no web page can read the responses through an operator's browser (DNS rebinding).
 */
export class AdminServer {
  readonly #options: AdminOptions;
  readonly #server: http.Server;
  readonly #running = new RunningWork();
  readonly #streams = new Set<EventStream>();
  readonly #password: PasswordCheck | null;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#password = options.password === null ? null : new PasswordCheck(options.password);
    this.#server = http.createServer({
      headersTimeout: LIMITS.head,
      requestTimeout: LIMITS.request,
      connectionsCheckingInterval: LIMITS.head / 10,
      maxHeaderSize: HEAD_LIMIT_BYTES,
    });
    this.#server.maxConnections = LIMITS.connections;
    this.#server.on('request', (...exchange) => this.#running.add(this.#serve(...exchange)));
    this.#server.on('clientError', refuseConnection);
  }

  /** Starts the server. @returns its URL @throws Failure `usage` if the address is not available */
  async listen(): Promise<string> {
    const { host, port } = this.#options.address;
    const hint = 'Choose another --admin-port (0 picks a free one) or --admin-host.';
    return listen(this.#server, { host, port }, (code) =>
      failure('usage', `The admin port cannot be opened on ${host}:${port} (${code}).`, hint),
    );
  }

  /** Accepts no new connections, and ends the streams. Resolves when all requests have a response. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const stream of this.#streams) stream.end();
    this.#server.closeIdleConnections();
    const grace = setTimeout(() => this.#server.closeAllConnections(), LIMITS.grace);
    await closed;
    clearTimeout(grace);
    await this.#running.end();
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    response.on('error', () => request.socket.destroy());
    request.resume();
    const answer = await this.#answer(request);
    if (!('open' in answer)) return send(response, answer);
    if (request.method === 'HEAD' || !this.#server.listening || response.destroyed)
      return void response.end();
    const stream = new EventStream(request, response);
    this.#streams.add(stream);
    response.once('close', () => this.#streams.delete(stream));
    answer.open(stream);
  }

  async #answer(request: http.IncomingMessage): Promise<AdminAnswer | AdminStream> {
    const [path = ''] = (request.url ?? '').split('?');
    const { routes } = this.#options;
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!this.#isKnownHost(request)) return refusal(421, 'unknown host: see --admin-name');
    if (!route) return refusal(404, 'no such page');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refusal(405, 'not a GET', { allow: 'GET, HEAD' });
    const refused = route.isOpen ? null : this.#refuse(request);
    return refused ?? route.answer().catch(() => refusal(500, 'no answer'));
  }

  #isKnownHost({ headers, socket }: http.IncomingMessage): boolean {
    const { names, address } = this.#options;
    const name = nameOf(headers.host ?? '');
    if (isLoopback(name)) return true;
    // If the server listens on all addresses, clients may also use the address on which this connection arrived.
    const own = isUnspecified(address.host) ? (socket.localAddress ?? '') : address.host;
    return [own.replace(/^::ffff:/, ''), ...names].some((one) => one.toLowerCase() === name);
  }

  /** Returns the refusal of a request without the password; null for one that may be answered. */
  #refuse({ headers, socket }: http.IncomingMessage): AdminAnswer | null {
    const verdict = this.#password?.check(headers.authorization, socket.remoteAddress ?? '') ?? 'right';
    if (verdict === 'right') return null;
    if (verdict !== 'throttled') return refusal(401, 'password required', ASK_PASSWORD);
    const headersOfRetry = { 'retry-after': String(PasswordCheck.retryAfter) };
    return refusal(429, 'too many wrong passwords', headersOfRetry);
  }
}

/** Returns the name in a Host header, without port and brackets. */
function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}

function send(response: http.ServerResponse, { httpStatus, type, body, headers }: AdminAnswer): void {
  response.writeHead(httpStatus, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    ...headers,
  });
  response.end(body);
}

function refusal(
  httpStatus: number,
  reason: string,
  headers: AdminAnswer['headers'] = {},
): Readonly<AdminAnswer> {
  return { httpStatus, type: 'text/plain; charset=utf-8', body: `${reason}\n`, headers };
}
