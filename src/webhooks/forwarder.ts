import type { Agent } from 'node:http';
import { makeAgent, post } from './post.ts';

/** A kept event on its way to another receiver. */
export interface Forwarded {
  /** The journal's number of it. */
  id: number;
  body: Uint8Array;
  /** As they came: names and values in turn. */
  headers: readonly string[];
}

export interface ForwarderOptions {
  url: URL;
  /** Told of an event that the other side will not get from here. */
  onGivenUp: (id: number, reason: string) => void;
}

/** Of the connection, not of the message; and what the new request states itself. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const AT_ONCE = 8;
/** How much may wait: bodies and, roughly, what comes with each. */
const QUEUE_LIMIT_BYTES = 16 * 1024 * 1024;
const OVERHEAD_BYTES = 2_048;
const ANSWER_TIMEOUT_MS = 5_000;
/** Pauses between the attempts, in milliseconds. */
const PAUSES = [500, 1_000, 2_000, 4_000, 8_000];
/** When it stops, each event that waits gets one attempt, and all of them this long. */
const STOP_WITHIN_MS = 5_000;

/** Sends events on with their bytes and headers, some at once, and again when that fails. Nobody waits for it. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #agent: Agent;
  readonly #queue: Forwarded[] = [];
  readonly #sending = new Set<Promise<void>>();
  readonly #hurry = new AbortController();
  readonly #end = new AbortController();
  #waitingBytes = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#agent = makeAgent(options.url, AT_ONCE);
  }

  add(event: Forwarded): void {
    if (this.#waitingBytes > QUEUE_LIMIT_BYTES)
      return this.#options.onGivenUp(event.id, 'too many are waiting');
    this.#waitingBytes += event.body.length + OVERHEAD_BYTES;
    this.#queue.push(event);
    this.#fill();
  }

  /** Tries what is left once more, but not for long. */
  async stop(): Promise<void> {
    this.#hurry.abort();
    const limit = setTimeout(() => this.#end.abort(), STOP_WITHIN_MS);
    while (this.#sending.size > 0) await Promise.all(this.#sending);
    clearTimeout(limit);
    this.#agent.destroy();
  }

  #fill(): void {
    while (this.#sending.size < AT_ONCE) {
      const event = this.#queue.shift();
      if (!event) return;
      const sending = this.#deliver(event).finally(() => {
        this.#waitingBytes -= event.body.length + OVERHEAD_BYTES;
        this.#sending.delete(sending);
        this.#fill();
      });
      this.#sending.add(sending);
    }
  }

  async #deliver(event: Forwarded): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const trouble = await this.#attempt(event);
      if (trouble === null) return;
      const pause = PAUSES[attempt];
      if (!trouble.mayPass || pause === undefined || this.#hurry.signal.aborted)
        return this.#options.onGivenUp(event.id, trouble.reason);
      await pauseFor(pause, this.#hurry.signal);
    }
  }

  /** @returns null once the other side has taken it */
  async #attempt({ body, headers }: Forwarded): Promise<{ reason: string; mayPass: boolean } | null> {
    const { signal } = this.#end;
    if (signal.aborted) return { reason: 'no time left', mayPass: false };
    const sent = await post({
      url: this.#options.url,
      headers: passedOn(headers),
      body,
      timeout: ANSWER_TIMEOUT_MS,
      agent: this.#agent,
      signal,
    });
    if (sent.kind === 'unreachable') return { reason: sent.reason, mayPass: true };
    const { httpStatus: status } = sent;
    if (status >= 200 && status < 300) return null;
    return { reason: `answered ${status}`, mayPass: status >= 500 || [408, 429].includes(status) };
  }
}

function passedOn(raw: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (!OWN_HEADERS.has(name)) (headers[name] ??= []).push(raw[index + 1] ?? '');
  }
  return headers;
}

function pauseFor(milliseconds: number, cut: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      cut.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    cut.addEventListener('abort', done, { once: true });
  });
}
