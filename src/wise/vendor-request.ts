import type { HttpAnswer, NoAnswer } from './decode-answer.ts';
import { toHeldBack, toLimited } from './http.ts';
import type { OpenRequest } from './open-request.ts';
import type { Permit } from './permit.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Left, RequestContent, RequestHead } from './try.ts';

/** The owner of a request's token: a profile id, or the application. */
export type Owner = number | 'application';

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** Remaining time for token, rate limiter, pauses and tries together. Default: unlimited. */
  left?: Left | undefined;
  /** False to try only once, because the caller polls. */
  retry?: boolean;
}

export interface SendOptions {
  /** Correlation id that the journal has stored for the request. */
  correlationId?: string;
  /** Remaining time for the rate limiter. Does not limit a request that was sent. */
  left?: Left | undefined;
}

export interface OpenOptions {
  correlationId?: string;
  /** A permit from `reserve`. Used by `go`; cancelled if nothing is sent. */
  permit?: Permit | undefined;
  /** Remaining time for connecting and for the token. Does not limit a request that was sent. */
  left?: Left | undefined;
  /** Aborts connecting. Does not affect a request that was sent. */
  signal?: AbortSignal | undefined;
}

export interface VendorRequest {
  /** Default: GET. */
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path in the legacy format, like `/v3/spend/…`. */
  path: string;
  profileId: Owner;
  /** Complete `Authorization` header instead of a token; null omits the header. */
  authorization?: string | null;
  body?: unknown;
  /** Form fields, instead of `body`. */
  form?: Readonly<Record<string, string>>;
  headers?: Record<string, string>;
}

/** A request that is ready to be sent, with its token. */
export interface Prepared {
  head: Omit<RequestHead, 'timeout'>;
  content: RequestContent;
  owner: Owner;
  correlationId: string;
  /** The token, without the authorization scheme. */
  secret: string;
  onTry: (outcome: HttpAnswer | NoAnswer, milliseconds: number) => void;
}

/** The outcome of a request with an effect: a response of any status, or none. */
export type Sent = (HttpAnswer | NoAnswer) & {
  correlationId: string;
  /** Source of the token, if the API rejected it. */
  tokenSource?: string;
};

/**
 * Returns the path in an API version. Date versions replace the version segment: `/v3/spend/…` becomes
 * `/2026Q4/spend/…`.
 */
export function versionedPath(path: string, apiVersion: string): string {
  return apiVersion === 'legacy' ? path : path.replace(/^\/v\d+\//, `/${apiVersion}/`);
}

/** Timeout of a request with an effect, in milliseconds. Neither a deadline nor the first Ctrl-C aborts it earlier. */
export const SEND_TIMEOUT_MS = 30_000;

interface Connected<Answer> {
  open: OpenRequest;
  /** Returns true until the token of the request is replaced. */
  isCurrent: () => boolean;
  limiter: RateLimiter | undefined;
  permit: Permit | undefined;
  /** Called immediately before the request is written. */
  begin: () => void;
  finish: (outcome: HttpAnswer | NoAnswer, milliseconds: number) => Promise<Answer>;
}

/** A request with an effect and an open connection to the API. Nothing is written yet. */
export class ConnectedRequest<Answer> {
  readonly #connected: Connected<Answer>;

  constructor(connected: Connected<Answer>) {
    this.#connected = connected;
  }

  /** False if the server closed the connection, the token was replaced, or the request was sent. */
  get isConnected(): boolean {
    return this.#connected.open.isConnected && this.#connected.isCurrent();
  }

  /**
   * Writes the request synchronously, at most once, and resolves with its outcome. If the connection was lost before
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

  /** Closes the connection and cancels the permit. If the request was sent, undelivered bytes are discarded. */
  close(): void {
    this.#connected.permit?.cancel();
    this.#connected.open.close();
  }
}
