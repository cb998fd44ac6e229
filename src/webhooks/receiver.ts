import http from 'node:http';
import type { Socket } from 'node:net';
import { failure } from '../domain/errors/failure.ts';
import {
  type Address,
  discardRest,
  HEAD_LIMIT_BYTES,
  listen,
  RunningWork,
  readBody,
  refuseConnection,
} from '../http/server.ts';
import { DELIVERY_HEADER, isTestNotification, SIGNATURE_HEADER, TEST_HEADER } from '../wire/events.ts';
import { Connections, DEFAULT_LIMITS, type ReceiverLimits } from './connections.ts';
import { looksLikeEvent } from './decode-event.ts';
import { type Probe, probeOf } from './probes.ts';
import { headerOf, pathOf, type RefusedEvent, retryAfter, toRefusedEvent } from './refused-event.ts';
import { type SignatureVerifier, signatureOf } from './signature.ts';

/** A webhook with a valid signature. */
export interface Webhook {
  body: Buffer;
  signature: string;
  deliveryId: string | null;
  isTest: boolean;
  /** Milliseconds since the epoch. */
  receivedAt: number;
  /** The original headers, as alternating names and values. */
  headers: readonly string[];
}

/** A rejected request. Nothing of it is stored. */
export interface Refusal {
  httpStatus: number;
  reason: string;
}

export interface ReceiverOptions<Kept> {
  /** Path that receives webhooks, like `/webhooks`. */
  path: string;
  verifier: SignatureVerifier;
  now: () => number;
  /** Stores a webhook durably. The response is 200, or 503 if storing fails or times out. */
  keep: (webhook: Webhook) => Promise<Kept>;
  /** Called after the response. */
  onKept: (kept: Kept, webhook: Webhook) => void;
  onNotKept: (error: unknown) => void;
  /** Called for a rejected request. @param event the request if it looks like an event of Wise; otherwise null */
  onRefused: (refusal: Refusal, event: RefusedEvent | null) => void;
  /** Called for a test notification without a valid signature. It gets the response 200, and is not stored. */
  onUnsignedTest: (reason: string) => void;
  /** Called with the milliseconds from the headers of a request to its response. Not called for probes. */
  onAnswered?: (milliseconds: number) => void;
  /** Returns true while webhooks can be stored; determines the response to `/ready`. */
  isReady: () => boolean;
  limits?: Partial<ReceiverLimits>;
}

const BODY_LIMIT_BYTES = 256 * 1024;
const LONGEST_DELIVERY_ID = 200;
/** Milliseconds until an idle connection is closed. Gateways close idle connections earlier, after about a minute. */
const KEEP_ALIVE_MS = 75_000;

const NO_SIGNATURE: Refusal = { httpStatus: 401, reason: 'no signature' };
const WRONG_SIGNATURE: Refusal = { httpStatus: 401, reason: 'wrong signature' };
const OTHER_PATH: Refusal = { httpStatus: 404, reason: 'another path' };
const NO_POST: Refusal = { httpStatus: 405, reason: 'not a POST' };
const TOO_LARGE: Refusal = { httpStatus: 413, reason: 'a body of over 256 KiB' };

/**
 * HTTP receiver of Wise's webhooks. Verifies the signature of the raw bytes before decoding them, stores the webhook,
 * and only then responds with 200. Source of headers and timeouts: Wise's webhook guide.
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
      const refusal = refuseConnection(error, socket);
      if (refusal) options.onRefused(refusal, null);
    });
  }

  /** Starts the receiver. @returns the URL @throws Failure `usage` if the address is not available */
  async listen({ host, port }: Address): Promise<string> {
    const hint = 'Choose another --port (0 picks a free one) or --host.';
    const origin = await listen(this.#server, { host, port }, (code) =>
      failure('usage', `Webhooks cannot be received on ${host}:${port} (${code}).`, hint),
    );
    return `${origin}${this.#options.path}`;
  }

  /** Accepts no new connections. Resolves when all accepted requests have a response. */
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
    const probe = probeOf(request);
    if (probe !== null) return this.#answerProbe(probe, response);
    const began = performance.now();
    response.once('finish', () => this.#options.onAnswered?.(performance.now() - began));
    const early = this.#refusalOf(request);
    if (early) return this.#refuse(request, response, early);
    const body = await readBody(request, BODY_LIMIT_BYTES);
    if (body === null) return;
    if (body === 'too-large') return this.#refuse(request, response, TOO_LARGE);
    if (!this.#isHere(request)) return this.#refuse(request, response, { ...OTHER_PATH, body });
    const signature = signatureOf(headerOf(request, SIGNATURE_HEADER));
    if (signature === null || !this.#options.verifier.isValid(body, signature))
      return this.#refuseUnsigned(request, response, body);
    this.#connections.set(socket, 'answering');
    await this.#store(this.#webhookOf(request, { body, signature }), response);
  }

  /** Returns the error for a request that is rejected without reading its body; null for other requests. */
  #refusalOf(request: http.IncomingMessage): Refusal | null {
    const isHere = this.#isHere(request);
    if (request.method !== 'POST') return isHere ? NO_POST : OTHER_PATH;
    if (Number(request.headers['content-length'] ?? 0) <= BODY_LIMIT_BYTES) return null;
    return isHere ? TOO_LARGE : OTHER_PATH;
  }

  #isHere({ url = '' }: http.IncomingMessage): boolean {
    const { path } = this.#options;
    return url === path || pathOf(url) === pathOf(path);
  }

  /** Rejects an unsigned request. A test notification gets a 200: Wise may send one to check a new subscription. */
  async #refuseUnsigned(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    body: Buffer,
  ): Promise<void> {
    const refusal = request.headers[SIGNATURE_HEADER] ? WRONG_SIGNATURE : NO_SIGNATURE;
    if (!isTestNotification(headerOf(request, TEST_HEADER)))
      return this.#refuse(request, response, { ...refusal, body });
    this.#options.onUnsignedTest(refusal.reason);
    this.#answer(response, 200);
  }

  #webhookOf(
    request: http.IncomingMessage,
    { body, signature }: Pick<Webhook, 'body' | 'signature'>,
  ): Webhook {
    const id = headerOf(request, DELIVERY_HEADER) ?? '';
    const isId = id !== '' && id.length <= LONGEST_DELIVERY_ID;
    return {
      body,
      signature,
      deliveryId: isId ? id : null,
      isTest: isTestNotification(headerOf(request, TEST_HEADER)),
      receivedAt: this.#options.now(),
      headers: request.rawHeaders,
    };
  }

  async #store(webhook: Webhook, response: http.ServerResponse): Promise<void> {
    const keeping = this.#options.keep(webhook);
    const isKept = await succeedsWithin(this.#limits.answer, keeping);
    this.#answer(response, isKept || webhook.isTest ? 200 : 503);
    keeping.then(
      (kept) => this.#options.onKept(kept, webhook),
      (error: unknown) => this.#options.onNotKept(error),
    );
  }

  #answerProbe(probe: Probe, response: http.ServerResponse): void {
    this.#answer(response, probe === 'health' || (this.#options.isReady() && !this.#isStopping) ? 200 : 503);
  }

  #answer(response: http.ServerResponse, httpStatus: number): void {
    response.writeHead(httpStatus, {
      'content-length': 0,
      ...(this.#isStopping && { connection: 'close' }),
    });
    response.end();
  }

  /**
   * Rejects a request. An event gets a 503, so that Wise continues to retry it: perhaps only the configuration of the
   * listener is wrong. After a 4xx, Wise retries only a few times.
   * @param refusal `body`: the received body, if it is complete
   */
  async #refuse(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    { body, ...refusal }: Refusal & { body?: Buffer },
  ): Promise<void> {
    const cause = refusal.httpStatus === OTHER_PATH.httpStatus ? 'path' : 'signature';
    const event = body && looksLikeEvent(body) ? toRefusedEvent(request, { body, cause }) : null;
    const httpStatus = event ? 503 : refusal.httpStatus;
    const { reason } = refusal;
    this.#options.onRefused({ httpStatus, reason }, event);
    const text = `${reason}\n`;
    const isOver = request.complete && !this.#isStopping;
    response.writeHead(httpStatus, {
      'content-type': 'text/plain',
      'content-length': text.length,
      ...(httpStatus === 405 && { allow: 'POST' }),
      ...(event && { 'retry-after': retryAfter(event.body, this.#options.now()) }),
      ...(!isOver && { connection: 'close' }),
    });
    response.write(text);
    // A client that is still sending may never read the response if the connection is cut.
    if (!request.complete) await discardRest(request, this.#limits.linger);
    response.end();
  }
}

async function succeedsWithin(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), milliseconds);
  work.then(
    () => resolve(true),
    () => resolve(false),
  );
  return promise.finally(() => clearTimeout(timer));
}
