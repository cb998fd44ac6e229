import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Agent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { decodeAnswer, type HttpAnswer, type NoAnswer } from './decode-answer.ts';
import { faultOf, isProxyError } from './network-errors.ts';
import { resetConnection } from './proxy-agent.ts';
import { describeAnswer, describeRequest } from './trace.ts';

/** A request without its content, which is what a connection needs. */
export interface RequestHead {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  /** Milliseconds for the connection. */
  timeout: number;
  /** Makes the connections for https. Plain ones go to this machine only. */
  agent?: Agent | undefined;
  /** Ends the connecting. */
  signal?: AbortSignal | undefined;
  /** Receives headers and bodies, without secrets and personal data. */
  onDebug?: ((lines: string[]) => void) | undefined;
}

export interface RequestContent {
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as a form, instead of `body`. */
  form?: Readonly<Record<string, string>> | undefined;
}

export interface SendLimits {
  /** Milliseconds for the answer. */
  timeout: number;
  signal?: AbortSignal | undefined;
}

type SentRequest = RequestHead & RequestContent;

/** The outcome of one try, and whether another one may succeed. */
export interface Try {
  outcome: HttpAnswer | NoAnswer;
  passes: boolean;
}

/** More than any answer of Wise needs (a page of 100 orders has some 100 KB). */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/** Codes of network faults that are temporary. */
const PASSING_FAULTS = new Set([
  'EADDRINUSE',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'PROXY_UNREACHABLE',
]);
const PASSING_STATUSES = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Sends one request, once, without following redirects. Never rejects for a fault of the network or of the other side.
 * @param request its time limit is for connection and answer together
 */
export async function requestOnce({ body, form, ...head }: RequestHead & RequestContent): Promise<Try> {
  const started = performance.now();
  const request = await openRequest(head);
  const { signal, timeout } = head;
  return request.go({ body, form, signal, timeout: timeout - (performance.now() - started) });
}

/** Connects to the API, proxy and TLS included, and writes nothing. If that fails, `go` resolves with the reason. */
export async function openRequest(head: RequestHead): Promise<OpenRequest> {
  const { request } = await (head.url.startsWith('https:') ? import('node:https') : import('node:http'));
  const open = new OpenRequest(head);
  await open.connect(request);
  return open;
}

/**
 * A request with a connection of its own, not written yet. Its outcome holds no header, option or error object of
 * Node's, with which a token would get out.
 */
export class OpenRequest {
  readonly #head: RequestHead;
  readonly #connected = Promise.withResolvers<void>();
  readonly #outcome = Promise.withResolvers<Try>();
  readonly #abort = () => this.#end('aborted', 'interrupted');
  #request: ClientRequest | null = null;
  #isReady = false;
  #isOver = false;
  #sent: SentRequest | null = null;
  #timer: NodeJS.Timeout | undefined;
  #signal: AbortSignal | undefined;

  constructor(head: RequestHead) {
    this.#head = head;
  }

  /** True while it can be sent: not sent yet, and the other side has not closed the connection. */
  get isConnected(): boolean {
    return this.#isReady && !this.#isOver && !this.#sent && this.#request?.socket?.readyState === 'open';
  }

  async connect(make: typeof httpsRequest): Promise<void> {
    const { method, url, headers, agent, signal, timeout } = this.#head;
    this.#limit({ timeout, signal });
    try {
      if (!this.#isOver)
        this.#listen(make(url, { method, headers: { accept: 'application/json', ...headers }, agent }));
    } catch (error) {
      this.#fail(error);
    }
    await this.#connected.promise;
    if (!this.#isOver) this.#endLimits();
  }

  /**
   * Writes the request before it returns, at most once. Without a connection nothing is sent, and the outcome is
   * `not-connected`. At the limit or the signal the connection is reset: bytes that were not delivered yet never arrive.
   */
  go({ timeout, signal, ...content }: RequestContent & SendLimits): Promise<Try> {
    const request = this.#request;
    if (!this.isConnected && !this.#sent) this.#fail(hungUp());
    if (this.#isOver || this.#sent || !request) return this.#outcome.promise;
    const { text, type } = encode(content);
    if (text !== null)
      request.setHeader('content-type', type).setHeader('content-length', Buffer.byteLength(text));
    this.#sent = { ...this.#head, ...content };
    this.#head.onDebug?.(describeRequest(this.#sent));
    this.#limit({ timeout, signal });
    if (!this.#isOver) request.end(text);
    return this.#outcome.promise;
  }

  /** Closes the connection. What was written is reset: nothing of it arrives any more. */
  close(): void {
    this.#end(this.#sent ? 'lost' : 'not-connected', 'closed');
  }

  #watch(socket: Socket): void {
    const ready = () => {
      this.#isReady = true;
      this.#connected.resolve();
    };
    // For https a connection is one with TLS agreed on with the API itself: one to a proxy is none.
    if (this.#request?.reusedSocket) ready();
    else if ('encrypted' in socket) socket.once('secureConnect', ready);
    else if (socket.connecting) socket.once('connect', ready);
    else ready();
  }

  #listen(request: ClientRequest): void {
    this.#request = request;
    request.on('error', (error) => this.#fail(error));
    // An answer to nothing (408 on an idle connection) is the end of the connection.
    request.on('response', (answer) => {
      if (this.#sent) void this.#read(answer, this.#sent);
      else this.#end('not-connected', 'ECONNRESET', true);
    });
    request.on('socket', (socket) => this.#watch(socket));
  }

  #limit({ timeout, signal }: SendLimits): void {
    const kind = this.#sent ? 'lost' : 'not-connected';
    this.#timer = setTimeout(() => this.#end(kind, 'no request in time', true), Math.max(0, timeout));
    this.#signal = signal;
    if (signal?.aborted) this.#abort();
    else signal?.addEventListener('abort', this.#abort, { once: true });
  }

  #endLimits(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
  }

  async #read(answer: IncomingMessage, sent: SentRequest): Promise<void> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > BODY_LIMIT_BYTES) return this.#end('lost', `an answer of over ${BODY_LIMIT_BYTES} bytes`);
        chunks.push(chunk);
      }
    } catch (error) {
      return this.#fail(error);
    }
    const raw = {
      statusCode: answer.statusCode ?? 0,
      rawBody: Buffer.concat(chunks),
      headers: answer.headers,
    };
    const outcome = decodeAnswer(raw);
    this.#head.onDebug?.(describeAnswer(raw, { body: outcome.body, request: sent }));
    this.#finish({ outcome, passes: PASSING_STATUSES.has(outcome.httpStatus) });
  }

  #fail(error: unknown): void {
    if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) throw error;
    const { code } = error;
    const fault = faultOf(code, { hasCertificate: this.#head.agent?.options.cert !== undefined });
    const isLost = this.#sent !== null && fault !== 'client-certificate';
    const reason = isProxyError(error) ? error.message : code;
    const outcome = { kind: isLost ? 'lost' : 'not-connected', reason, ...(fault && { fault }) } as const;
    this.#finish({ outcome, passes: PASSING_FAULTS.has(code) });
  }

  #end(kind: NoAnswer['kind'], reason: string, passes = false): void {
    const socket = this.#request?.socket;
    if (this.#isOver) return;
    if (this.#sent && socket) resetConnection(socket);
    this.#finish({ outcome: { kind, reason }, passes });
    this.#request?.destroy();
  }

  #finish(done: Try): void {
    this.#isOver = true;
    this.#endLimits();
    this.#connected.resolve();
    this.#outcome.resolve(done);
  }
}

function hungUp(): Error {
  return Object.assign(new Error('the other side closed the connection'), { code: 'ECONNRESET' });
}

function encode({ body, form }: RequestContent): { text: string | null; type: string } {
  if (form) return { text: new URLSearchParams(form).toString(), type: 'application/x-www-form-urlencoded' };
  return { text: body === undefined ? null : JSON.stringify(body), type: 'application/json' };
}
