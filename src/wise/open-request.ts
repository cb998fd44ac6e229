import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { LARGEST_BYTES } from '../domain/text/decode-json.ts';
import type { NoAnswer } from './decode-answer.ts';
import { resetConnection } from './proxy-agent.ts';
import {
  answered,
  describeLate,
  describeRequest,
  ended,
  failed,
  headersOf,
  type RequestHead,
  type Step,
  TOO_LARGE,
  type Try,
  whenConnected,
} from './try.ts';

/** Opens a connection to the API (proxy and TLS), and writes nothing. If it fails, `go` resolves with the reason. */
export async function openRequest(head: RequestHead): Promise<OpenRequest> {
  const open = new OpenRequest(head);
  await open.connect();
  return open;
}

/**
 * A request with an open connection of its own, not written yet. got can't do this: it connects only when it writes.
 */
export class OpenRequest {
  readonly #head: RequestHead;
  readonly #connected = Promise.withResolvers<void>();
  readonly #outcome = Promise.withResolvers<Try>();
  #request: ClientRequest | null = null;
  #step: Step = 'TCP connection';
  #isReady = false;
  #isOver = false;
  #sent: (RequestHead & { body: unknown }) | null = null;

  constructor(head: RequestHead) {
    this.#head = head;
  }

  /** True if the request can still be sent: it was not sent before, and the server has not closed the connection. */
  get isConnected(): boolean {
    return this.#isReady && !this.#isOver && !this.#sent && this.#request?.socket?.readyState === 'open';
  }

  async connect(): Promise<void> {
    const { timeout, signal } = this.#head;
    const abort = () => this.#end('aborted', 'interrupted');
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    const late = () => this.#end('not-connected', describeLate(this.#step, timeout), true);
    const timer = setTimeout(late, timeout);
    try {
      this.#begin();
      await this.#connected.promise;
    } catch (error) {
      this.#fail(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Writes the request synchronously, at most once. If the connection is lost already, nothing is sent, and the outcome
   * is `not-connected`. At the timeout the connection is reset, so that the kernel delivers no more bytes.
   * @param content JSON body, and timeout of the response in milliseconds
   */
  go({ body, timeout }: { body: unknown; timeout: number }): Promise<Try> {
    const request = this.#request;
    if (this.isConnected && request) {
      const text = JSON.stringify(body);
      this.#sent = { ...this.#head, body };
      this.#head.onDebug?.(describeRequest(this.#sent));
      const timer = setTimeout(() => this.#end('lost', describeLate('answer', timeout), true), timeout);
      void this.#outcome.promise.finally(() => clearTimeout(timer));
      request
        .setHeader('content-type', 'application/json')
        .setHeader('content-length', Buffer.byteLength(text));
      request.end(text);
    } else if (!this.#sent) this.#end('not-connected', 'ECONNRESET', true);
    return this.#outcome.promise;
  }

  /** Resets the connection. Bytes that were written but not delivered yet are discarded. */
  close(): void {
    this.#end(this.#sent ? 'lost' : 'not-connected', 'closed');
  }

  #begin(): void {
    const { method, url, agent } = this.#head;
    const make = url.startsWith('https:') ? secureRequest : plainRequest;
    const request = make(url, { method, headers: headersOf(this.#head), agent });
    this.#request = request;
    request.on('error', (error) => this.#fail(error));
    // A response before any request (like 408 on an idle connection) means that the server closes the connection.
    request.on('response', (answer) => {
      if (this.#sent) this.#read(answer).catch((error: unknown) => this.#fail(error));
      else this.#end('not-connected', 'ECONNRESET', true);
    });
    const securing = () => void (this.#step = 'TLS handshake');
    whenConnected(request, () => this.#connect(), securing);
  }

  #connect(): void {
    this.#isReady = true;
    this.#connected.resolve();
  }

  async #read(answer: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > LARGEST_BYTES) return this.#end('lost', TOO_LARGE);
      chunks.push(chunk);
    }
    const { statusCode = 0, headers, headersDistinct } = answer;
    const raw = { statusCode, headers, headersDistinct, rawBody: Buffer.concat(chunks) };
    if (this.#sent) this.#finish(answered(raw, this.#sent));
  }

  #fail(error: unknown): void {
    this.#finish(failed(error, { agent: this.#head.agent, mayHaveArrived: this.#sent !== null }));
  }

  #end(kind: NoAnswer['kind'], reason: string, passes = false): void {
    const socket = this.#request?.socket;
    if (this.#isOver) return;
    if (this.#sent && socket) resetConnection(socket);
    this.#finish(ended(kind, reason, passes));
    this.#request?.destroy();
  }

  #finish(done: Try): void {
    this.#isOver = true;
    this.#connected.resolve();
    this.#outcome.resolve(done);
  }
}
