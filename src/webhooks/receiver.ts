import http from 'node:http';
import type { Socket } from 'node:net';
import { failure } from '../domain/errors/failure.ts';
import { discardRest, readBody } from '../http/request-body.ts';
import { type Address, HEAD_LIMIT_BYTES, listen, RunningWork, refuseConnection } from '../http/server.ts';
import { DELIVERY_HEADER, SIGNATURE_HEADER, TEST_HEADER } from '../wire/events.ts';
import { Connections, DEFAULT_LIMITS, type ReceiverLimits } from './connections.ts';
import type { SignatureVerifier } from './signature.ts';

/** A webhook with a valid signature. */
export interface Webhook {
  body: Buffer;
  signature: string;
  deliveryId: string | null;
  isTest: boolean;
  /** Milliseconds since the epoch. */
  receivedAt: number;
  /** As they arrived: names and values alternate. */
  headers: readonly string[];
}

/** A request that was refused; nothing of it is stored. */
export interface Refusal {
  httpStatus: number;
  reason: string;
}

export interface ReceiverOptions<Kept> {
  /** The path of webhooks, like `/webhooks`. */
  path: string;
  verifier: SignatureVerifier;
  now: () => number;
  /** Stores a webhook durably. The answer is 200 after that, and 503 when it rejects or takes too long. */
  keep: (webhook: Webhook) => Promise<Kept>;
  /** Called after the answer. */
  onKept: (kept: Kept, webhook: Webhook) => void;
  onNotKept: (error: unknown) => void;
  onRefused: (refusal: Refusal) => void;
  limits?: Partial<ReceiverLimits>;
}

const BODY_LIMIT_BYTES = 256 * 1024;
const LONGEST_DELIVERY_ID = 200;
/** Gateways usually keep connections for a minute: closing them first would now and then cut off a request. */
const KEEP_ALIVE_MS = 75_000;

const NO_SIGNATURE: Refusal = { httpStatus: 401, reason: 'no signature' };
const WRONG_SIGNATURE: Refusal = { httpStatus: 401, reason: 'wrong signature' };
const OTHER_PATH: Refusal = { httpStatus: 404, reason: 'another path' };
const NO_POST: Refusal = { httpStatus: 405, reason: 'not a POST' };
const TOO_LARGE: Refusal = { httpStatus: 413, reason: 'a body of over 256 KiB' };

/**
 * Receives the webhooks of Wise over plain HTTP. It verifies the signature of the raw bytes before it decodes anything,
 * has the webhook stored, and only then answers 200. Source of headers and times: Wise's guide on webhooks.
 */
export class Receiver<Kept> {
  readonly #options: ReceiverOptions<Kept>;
  readonly #limits: ReceiverLimits;
  readonly #server: http.Server;
  readonly #connections: Connections;
  readonly #running = new RunningWork();
  #isStopping = false;

  constructor(options: ReceiverOptions<Kept>) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    const { head, request, connections } = this.#limits;
    this.#connections = new Connections(connections);
    this.#server = http.createServer({
      headersTimeout: head,
      requestTimeout: request,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: head / 10,
      maxHeaderSize: HEAD_LIMIT_BYTES,
    });
    this.#server.on('connection', (socket: Socket) => this.#connections.add(socket));
    this.#server.on('request', (...exchange) => this.#running.add(this.#serve(...exchange)));
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const httpStatus = refuseConnection(error, socket);
      const reason = httpStatus === 408 ? 'too slow' : 'not HTTP';
      if (httpStatus !== null) options.onRefused({ httpStatus, reason });
    });
  }

  /** @returns the URL @throws Failure `usage` when the address can't be listened on */
  async listen({ host, port }: Address): Promise<string> {
    const hint = 'Choose another --port (0 picks a free one) or --host.';
    const origin = await listen(this.#server, { host, port }, (code) =>
      failure('usage', `Webhooks can not be received on ${host}:${port} (${code}).`, hint),
    );
    return `${origin}${this.#options.path}`;
  }

  /** Accepts no new connections, and resolves once all accepted requests are answered. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#connections.cut('idle');
    const grace = setTimeout(() => {
      this.#connections.cut('idle');
      this.#connections.cut('receiving');
    }, this.#limits.grace);
    await closed;
    clearTimeout(grace);
    await this.#running.end();
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { socket } = request;
    response.on('error', () => socket.destroy());
    this.#connections.set(socket, 'receiving');
    response.once('close', () => this.#connections.set(socket, 'idle'));
    const signature = request.headers[SIGNATURE_HEADER];
    const refusal = this.#refusalOf(request);
    if (refusal || typeof signature !== 'string')
      return this.#refuse(request, response, refusal ?? NO_SIGNATURE);
    const body = await readBody(request, BODY_LIMIT_BYTES);
    if (body === null) return;
    if (body === 'too-large') return this.#refuse(request, response, TOO_LARGE);
    if (!this.#options.verifier.isValid(body, signature))
      return this.#refuse(request, response, WRONG_SIGNATURE);
    this.#connections.set(socket, 'answering');
    await this.#store(this.#webhookOf(request, { body, signature }), response);
  }

  /** Returns a refusal that needs the head of the request only: its body is not read. */
  #refusalOf({ url, method, headers }: http.IncomingMessage): Refusal | null {
    if (url?.split('?')[0] !== this.#options.path) return OTHER_PATH;
    if (method !== 'POST') return NO_POST;
    if (!headers[SIGNATURE_HEADER]) return NO_SIGNATURE;
    return Number(headers['content-length'] ?? 0) > BODY_LIMIT_BYTES ? TOO_LARGE : null;
  }

  #webhookOf(
    { headers, rawHeaders }: http.IncomingMessage,
    { body, signature }: Pick<Webhook, 'body' | 'signature'>,
  ): Webhook {
    const id = headers[DELIVERY_HEADER];
    const isId = typeof id === 'string' && id !== '' && id.length <= LONGEST_DELIVERY_ID;
    return {
      body,
      signature,
      deliveryId: isId ? id : null,
      isTest: String(headers[TEST_HEADER]).toLowerCase() === 'true',
      receivedAt: this.#options.now(),
      headers: rawHeaders,
    };
  }

  async #store(webhook: Webhook, response: http.ServerResponse): Promise<void> {
    const keeping = this.#options.keep(webhook);
    const isKept = await succeedsWithin(this.#limits.answer, keeping);
    response.writeHead(isKept ? 200 : 503, {
      'content-length': 0,
      ...(this.#isStopping && { connection: 'close' }),
    });
    response.end();
    keeping.then(
      (kept) => this.#options.onKept(kept, webhook),
      (error: unknown) => this.#options.onNotKept(error),
    );
  }

  async #refuse(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    refusal: Refusal,
  ): Promise<void> {
    this.#options.onRefused(refusal);
    const { httpStatus, reason } = refusal;
    const text = `${reason}\n`;
    const isOver = request.complete && !this.#isStopping;
    response.writeHead(httpStatus, {
      'content-type': 'text/plain',
      'content-length': text.length,
      ...(httpStatus === 405 && { allow: 'POST' }),
      ...(!isOver && { connection: 'close' }),
    });
    response.write(text);
    // A sender that is cut off while it still sends may never read the answer.
    if (!request.complete) await discardRest(request, this.#limits.linger);
    response.end();
  }
}

function succeedsWithin(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds);
    const end = (isDone: boolean) => {
      clearTimeout(timer);
      resolve(isDone);
    };
    work.then(
      () => end(true),
      () => end(false),
    );
  });
}
