import type { HttpAnswer, NoAnswer } from './decode-answer.ts';
import { toHeldBack, toLimited } from './http.ts';
import type { OpenRequest } from './open-request.ts';
import type { Permit } from './permit.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Left, RequestContent, RequestHead } from './try.ts';

/** The owner of the token that a request carries. */
export type Owner = number | 'application';

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** For token, rate limits, pauses and tries together. The default is no limit. */
  left?: Left | undefined;
  /** False if the caller repeats it anyway (a poll). */
  retry?: boolean;
}

export interface SendOptions {
  /** The id that the journal has of it. */
  correlationId?: string;
  /** Limits the wait for the rate limits. It does not cut short a request that was sent. */
  left?: Left | undefined;
}

export interface OpenOptions {
  correlationId?: string;
  /** From `reserve`. `go` uses it; it is cancelled if nothing is sent. */
  permit?: Permit | undefined;
  /** Limits the connecting, token included. It has no effect on a request that was sent. */
  left?: Left | undefined;
  /** Ends the connecting. It has no effect on a request that was sent. */
  signal?: AbortSignal | undefined;
}

export interface VendorRequest {
  /** The default is GET. */
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** On the legacy scheme, like `/v3/spend/…`. */
  path: string;
  profileId: Owner;
  /** Instead of a token: the whole header; null sends none. */
  authorization?: string | null;
  body?: unknown;
  /** Instead of `body`. */
  form?: Readonly<Record<string, string>>;
  headers?: Record<string, string>;
}

/** A request with its token. */
export interface Prepared {
  head: Omit<RequestHead, 'timeout'>;
  content: RequestContent;
  owner: Owner;
  correlationId: string;
  /** The token, without its scheme. */
  secret: string;
  onTry: (outcome: HttpAnswer | NoAnswer, milliseconds: number) => void;
}

/** The outcome of a request that changes something: an answer of any status, or none. */
export type Sent = (HttpAnswer | NoAnswer) & {
  correlationId: string;
  /** The source of the token, if it was refused. */
  tokenSource?: string;
};

/** In the calendar versions of Wise the version segment is replaced: `/v3/spend/…` is `/2026Q4/spend/…`. */
export function versionedPath(path: string, apiVersion: string): string {
  return apiVersion === 'legacy' ? path : path.replace(/^\/v\d+\//, `/${apiVersion}/`);
}

/** No deadline and no first Ctrl-C cuts a request with an effect short; this is its own limit. */
export const SEND_TIMEOUT_MS = 30_000;

interface Connected<Answer> {
  open: OpenRequest;
  /** False once its token was replaced. */
  isCurrent: () => boolean;
  limiter: RateLimiter | undefined;
  permit: Permit | undefined;
  /** Called right before the request is written. */
  begin: () => void;
  finish: (outcome: HttpAnswer | NoAnswer, milliseconds: number) => Promise<Answer>;
}

/** A request that changes something, with a connection to the API. Nothing of it is written yet. */
export class ConnectedRequest<Answer> {
  readonly #connected: Connected<Answer>;

  constructor(connected: Connected<Answer>) {
    this.#connected = connected;
  }

  /** False once the other side closed the connection, the token was replaced, or the request was sent. */
  get isConnected(): boolean {
    return this.#connected.open.isConnected && this.#connected.isCurrent();
  }

  /**
   * Writes the request before it returns, at most once, and resolves with its outcome. If the connection was lost before
   * the first byte, nothing is sent, and the outcome is `not-connected`.
   */
  async go(body: unknown): Promise<Answer> {
    const { open, limiter, permit, begin, finish } = this.#connected;
    begin();
    const started = performance.now();
    const send = async () => open.go({ body, timeout: SEND_TIMEOUT_MS });
    try {
      if (!open.isConnected) permit?.cancel();
      const sent =
        open.isConnected && permit && limiter ? limiter.sendWith(permit, { send, read: toLimited }) : send();
      const { outcome } = await sent;
      return await finish(outcome, Math.round(performance.now() - started));
    } catch (error) {
      open.close();
      return finish(toHeldBack(error), 0);
    }
  }

  /** Closes the connection and cancels the permit. If the request was sent, its remaining bytes never arrive. */
  close(): void {
    this.#connected.permit?.cancel();
    this.#connected.open.close();
  }
}
