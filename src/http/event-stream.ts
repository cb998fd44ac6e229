import type { IncomingMessage, ServerResponse } from 'node:http';

/** Headers of a stream of server-sent events. No proxy must buffer or change it. */
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
};

/** Milliseconds after which a client reconnects if the stream ended. */
const RECONNECT_MS = 2_000;

/** Milliseconds between two comments. They keep proxies from closing the connection, and find clients that are gone. */
const HEARTBEAT_MS = 15_000;

/** Milliseconds after which a client that reads nothing is disconnected. */
const PATIENCE_MS = 30_000;

/**
 * An answer of server-sent events. Its sender checks `isBusy` and then sends only the latest state, so a slow client
 * costs the memory of one message.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #heartbeat: NodeJS.Timeout;
  #stalled: NodeJS.Timeout | null = null;
  /** Called when a busy client has read everything. */
  onDrain: () => void = () => undefined;
  /** Called once at the end of the stream, whoever ended it. */
  onEnd: () => void = () => undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#response = response;
    request.socket.setNoDelay();
    request.socket.setKeepAlive(true, HEARTBEAT_MS);
    response.writeHead(200, HEADERS);
    response.once('close', () => this.#close());
    response.on('drain', () => this.#drained());
    this.#heartbeat = setInterval(() => this.#write(':\n\n'), HEARTBEAT_MS);
    this.#write(`retry: ${RECONNECT_MS}\n\n`);
  }

  /** True while the client has not read what was sent before. */
  get isBusy(): boolean {
    return this.#stalled !== null || this.#response.writableEnded;
  }

  /** Sends an event. @param data text in one line */
  send(event: string, data: string): void {
    this.#write(`event: ${event}\ndata: ${data}\n\n`);
  }

  /** Ends the stream. The client reconnects. */
  end(): void {
    this.#response.end();
    this.#response.req.socket.destroySoon();
  }

  #write(text: string): void {
    if (this.#response.writableEnded || this.#response.write(text)) return;
    this.#stalled ??= setTimeout(() => this.#response.destroy(), PATIENCE_MS);
  }

  #drained(): void {
    this.#forgive();
    this.onDrain();
  }

  #forgive(): void {
    if (this.#stalled) clearTimeout(this.#stalled);
    this.#stalled = null;
  }

  #close(): void {
    clearInterval(this.#heartbeat);
    this.#forgive();
    this.onEnd();
  }
}
