import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Failure } from '../domain/errors/failure.ts';
import { discardRest, readBody } from '../http/request-body.ts';
import { Connections, DEFAULT_LIMITS, httpLimits, type ReceiverLimits } from '../http/server.ts';
import { DELIVERY_HEADER, SIGNATURE_HEADER, TEST_HEADER } from '../wire/events.ts';
import type { SignatureVerifier } from './signature.ts';

/** A webhook whose signature is right. */
export interface Webhook {
  body: Buffer;
  signature: string;
  deliveryId: string | null;
  isTest: boolean;
  /** Milliseconds since the epoch. */
  receivedAt: number;
  /** As they came: names and values in turn. */
  headers: readonly string[];
}

/** A request that was not taken: nothing of it is kept. */
export interface Refusal {
  httpStatus: number;
  reason: string;
}

export interface ReceiverOptions<Kept> {
  /** Where webhooks are taken, like `/webhooks`. */
  path: string;
  verifier: SignatureVerifier;
  now: () => number;
  /** Keeps a webhook for good; the sender is told 200 after that, and 503 when it throws or takes too long. */
  keep: (webhook: Webhook) => Promise<Kept>;
  /** Told after the answer. */
  onKept: (kept: Kept, webhook: Webhook) => void;
  onNotKept: (error: unknown) => void;
  onRefused: (refusal: Refusal) => void;
  limits?: Partial<ReceiverLimits>;
}

const BODY_LIMIT_BYTES = 256 * 1024;
const LONGEST_DELIVERY_ID = 200;

const NO_SIGNATURE: Refusal = { httpStatus: 401, reason: 'no signature' };
const WRONG_SIGNATURE: Refusal = { httpStatus: 401, reason: 'wrong signature' };
const OTHER_PATH: Refusal = { httpStatus: 404, reason: 'another path' };
const NO_POST: Refusal = { httpStatus: 405, reason: 'not a POST' };
const TOO_LARGE: Refusal = { httpStatus: 413, reason: 'a body of over 256 KiB' };

/**
 * Takes the vendor's webhooks over plain HTTP: checks the signature over the raw bytes before anything is read from
 * them, has them kept, and only then answers 200. Source of headers and times: the vendor's guide on webhooks.
 */
export class Receiver<Kept> {
  readonly #options: ReceiverOptions<Kept>;
  readonly #limits: ReceiverLimits;
  readonly #server: http.Server;
  readonly #connections: Connections;
  readonly #running = new Set<Promise<void>>();
  #isStopping = false;

  constructor(options: ReceiverOptions<Kept>) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#connections = new Connections(this.#limits.connections);
    this.#server = http.createServer(httpLimits(this.#limits));
    this.#server.on('connection', (socket: Socket) => this.#connections.add(socket));
    this.#server.on('request', (request, response) => this.#track(this.#serve(request, response)));
    this.#server.on('clientError', (error: Error & { code?: string }, socket) => this.#drop(error, socket));
    // A connection that can't be taken (too many open files) is that sender's loss: it comes again.
    this.#server.on('error', () => undefined);
  }

  /** @param port 0 picks a free one @returns the URL @throws Failure `usage` when the address can't be listened on */
  async listen({ host, port }: { host: string; port: number }): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(unusableAddress(error, { host, port })));
      this.#server.listen({ host, port }, resolve);
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has such an address
    const address = this.#server.address() as AddressInfo;
    return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}${this.#options.path}`;
  }

  /** Takes no new connections, and resolves once everything that was accepted is answered. */
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
    await Promise.all(this.#running);
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { socket } = request;
    response.on('error', () => socket.destroy());
    this.#connections.now(socket, 'receiving');
    response.once('close', () => this.#connections.now(socket, 'idle'));
    const signature = request.headers[SIGNATURE_HEADER];
    const refusal = this.#refusalOf(request);
    if (refusal || typeof signature !== 'string')
      return this.#refuse(request, response, refusal ?? NO_SIGNATURE);
    const body = await readBody(request, BODY_LIMIT_BYTES);
    if (body === null) return;
    if (body === 'too-large') return this.#refuse(request, response, TOO_LARGE);
    if (!this.#options.verifier.isValid(body, signature))
      return this.#refuse(request, response, WRONG_SIGNATURE);
    this.#connections.now(socket, 'answering');
    await this.#take(this.#webhookOf(request, { body, signature }), response);
  }

  /** What can be told from the head of a request: then its body is not waited for. */
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

  async #take(webhook: Webhook, response: http.ServerResponse): Promise<void> {
    const keeping = this.#options.keep(webhook);
    const isKept = await isDoneWithin(this.#limits.answer, keeping);
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
    // A sender that is cut off while it sends may never see the answer.
    if (!request.complete) await discardRest(request, this.#limits.linger);
    response.end();
  }

  /** Answers what is no HTTP, or comes too slowly. */
  #drop({ code }: Error & { code?: string }, socket: Duplex): void {
    const isSlow = code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const httpStatus = isSlow ? 408 : code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
    const isSilent = 'bytesRead' in socket && socket.bytesRead === 0;
    if (isSilent || code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    this.#options.onRefused({ httpStatus, reason: isSlow ? 'too slow' : 'not HTTP' });
    socket.end(
      `HTTP/1.1 ${httpStatus} ${http.STATUS_CODES[httpStatus]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      () => socket.destroy(),
    );
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }
}

async function isDoneWithin(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([
      work.then(
        () => true,
        () => false,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function unusableAddress(error: Error, { host, port }: { host: string; port: number }): Failure {
  const reason = 'code' in error ? String(error.code) : error.message;
  return new Failure('usage', `Webhooks can not be received on ${host}:${port} (${reason}).`, {
    hint: 'Choose another --port (0 picks a free one) or --host.',
  });
}
