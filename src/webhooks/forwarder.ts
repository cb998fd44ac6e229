import type { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import PQueue from 'p-queue';
import { CONNECTIONS, Target, type Trouble } from './target.ts';

/** A stored event to forward. */
interface Forwarded {
  /** Id of the event in the journal. */
  id: number;
  body: Uint8Array;
  /** The original headers, as alternating names and values. */
  headers: readonly string[];
}

export interface ForwarderOptions {
  url: URL;
  /** Agent for the requests; null for direct connections. */
  agent: Agent | null;
  /** Called for each event that could not be delivered. */
  onGivenUp: (id: number, reason: string) => void;
}

/** Headers that are not forwarded: they belong to the connection, or the new request sets them itself. */
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

/** Maximum size of the queue: the sum of the bodies and of `OVERHEAD_BYTES` per event. */
const QUEUE_LIMIT_BYTES = 16 * 1024 * 1024;
/** Estimated memory for an event in the queue, besides its body. */
const OVERHEAD_BYTES = 2_048;
/** Pauses between delivery attempts, in milliseconds. */
const PAUSES = [500, 1_000, 2_000, 4_000, 8_000];
/** Time limit for sending all queued events when the forwarder stops, in milliseconds. */
const STOP_WITHIN_MS = 5_000;

/** Forwards events in parallel, with unchanged body and headers, and retries failed deliveries. `add` never blocks. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #target: Target;
  readonly #queue = new PQueue({ concurrency: CONNECTIONS });
  readonly #hurry = new AbortController();
  readonly #end = new AbortController();
  #waitingBytes = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#target = new Target(options.url, options.agent);
  }

  add(event: Forwarded): void {
    if (this.#waitingBytes > QUEUE_LIMIT_BYTES)
      return this.#options.onGivenUp(event.id, 'too many are waiting');
    this.#waitingBytes += event.body.length + OVERHEAD_BYTES;
    void this.#queue.add(async () => {
      await this.#deliver(event);
      this.#waitingBytes -= event.body.length + OVERHEAD_BYTES;
    });
  }

  /** Tries to send each queued event one last time. All of them share a time limit. */
  async stop(): Promise<void> {
    this.#hurry.abort();
    const limit = setTimeout(() => this.#end.abort(), STOP_WITHIN_MS);
    await this.#queue.onIdle();
    clearTimeout(limit);
    this.#target.close();
  }

  async #deliver(event: Forwarded): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const trouble = await this.#attempt(event);
      if (trouble === null) return;
      const pause = PAUSES[attempt];
      if (!trouble.passes || pause === undefined || this.#hurry.signal.aborted)
        return this.#options.onGivenUp(event.id, trouble.reason);
      await delay(pause, undefined, { signal: this.#hurry.signal }).catch(() => undefined);
    }
  }

  /** Sends an event once. @returns null if the receiver accepted it */
  async #attempt({ body, headers }: Forwarded): Promise<Trouble | null> {
    const { signal } = this.#end;
    if (signal.aborted) return { reason: 'no time left', passes: false };
    return this.#target.send({ headers: forwardedHeaders(headers), body, signal });
  }
}

function forwardedHeaders(raw: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (!OWN_HEADERS.has(name)) (headers[name] ??= []).push(raw[index + 1] ?? '');
  }
  return headers;
}
