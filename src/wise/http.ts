import { setTimeout as delay } from 'node:timers/promises';
import { LARGEST_BYTES } from '../domain/text/decode-json.ts';
import type { HttpAnswer, NoAnswer } from './decode-answer.ts';
import { type LimitedAnswer, LocallyRateLimited, type RateLimiter } from './rate-limiter.ts';
import {
  answered,
  describeLate,
  describeRequest,
  ended,
  failed,
  headersOf,
  type Left,
  type RequestContent,
  type RequestHead,
  type Step,
  TOO_LARGE,
  type Try,
  whenConnected,
} from './try.ts';

export interface HttpRequest extends Omit<RequestHead, 'timeout'>, RequestContent {
  /** Timeout of a try that starts now. */
  timeout: Left;
  /** Maximum number of retries after a network error, 5xx or 429. Only for requests without an effect. */
  retries: number;
  /** Remaining time for rate limiting, pauses and tries together. */
  left: Left;
  limiter?: RateLimiter | undefined;
  /** Called after each try, with its duration. */
  onTry?: (outcome: HttpAnswer | NoAnswer, milliseconds: number) => void;
}

export type ExchangeOptions = Pick<HttpRequest, 'timeout' | 'left' | 'retries' | 'signal'>;

const LONGEST_RETRY_AFTER_MS = 30_000;

/** Sends a request, with retries if allowed. Network errors and error responses don't reject the promise. */
export async function exchange(request: HttpRequest): Promise<HttpAnswer | NoAnswer> {
  const { retries, signal, left } = request;
  for (let repeats = 0; ; repeats += 1) {
    const { outcome, passes } = await tryLimited(request);
    const pause = pauseBefore(repeats + 1, outcome);
    const isLast = !passes || repeats >= retries || pause >= left();
    if (isLast || pause > LONGEST_RETRY_AFTER_MS) return outcome;
    const isInterrupted = await delay(pause, false, { signal }).catch(() => true);
    if (isInterrupted) return { kind: 'aborted', reason: 'interrupted' };
  }
}

async function tryLimited(request: HttpRequest): Promise<Try> {
  const { limiter, signal, left } = request;
  const send = async () => timed(request);
  if (!limiter) return send();
  try {
    return await limiter.run({ send, read: toLimited, patience: left(), signal });
  } catch (error) {
    if (signal?.aborted) return { outcome: { kind: 'aborted', reason: 'interrupted' }, passes: false };
    const outcome = toHeldBack(error);
    request.onTry?.(outcome, 0);
    return { outcome, passes: false };
  }
}

/** Converts the error of our rate limiter to an outcome. @throws any other error */
export function toHeldBack(error: unknown): NoAnswer {
  if (!(error instanceof LocallyRateLimited)) throw error;
  return { kind: 'not-connected', reason: error.message, heldBack: error.retryAfter };
}

/** Returns the properties of an outcome that the rate limiter uses. */
export function toLimited({ outcome }: Try): LimitedAnswer {
  if (outcome.kind !== 'answered') return { isLimited: false, isGood: false, retryAfter: null };
  const { httpStatus, retryAfter } = outcome;
  const isLimited = httpStatus === 429 || (httpStatus === 503 && retryAfter !== null);
  return { isLimited, isGood: httpStatus < 500, retryAfter };
}

async function timed(request: HttpRequest): Promise<Try> {
  const timeout = request.timeout();
  if (timeout <= 0) return ended('not-connected', 'no time left');
  const started = performance.now();
  const done = await requestOnce({ ...request, timeout });
  request.onTry?.(done.outcome, Math.round(performance.now() - started));
  return done;
}

/** Returns the pause before a retry, in milliseconds: `Retry-After`, otherwise growing with each retry (backoff). */
function pauseBefore(repeat: number, outcome: HttpAnswer | NoAnswer): number {
  const asked = outcome.kind === 'answered' ? outcome.retryAfter : null;
  return asked ?? 250 * 2 ** (repeat - 1) + Math.random() * 100;
}

/** Sends a request with got: one try, no redirects. Network errors and error responses don't reject the promise. */
export async function requestOnce(request: RequestHead & RequestContent): Promise<Try> {
  const { method, url, body, form, timeout, agent, signal } = request;
  const { default: got } = await import('got');
  using stop = new LinkedAbort(signal);
  let isTooLarge = false;
  const at: { step: Step } = { step: 'TCP connection' };
  request.onDebug?.(describeRequest(request));
  try {
    const pending = got(url, {
      method,
      headers: headersOf(request),
      ...(body !== undefined && { json: body }),
      ...(form && { form }),
      responseType: 'buffer',
      decompress: false,
      followRedirect: false,
      throwHttpErrors: false,
      timeout: { request: timeout },
      retry: { limit: 0 },
      ...(agent && { agent: { https: agent } }),
      signal: stop.signal,
    });
    void pending.on('request', (sent) =>
      whenConnected(
        sent,
        () => void (at.step = 'answer'),
        () => void (at.step = 'TLS handshake'),
      ),
    );
    void pending.on('downloadProgress', ({ transferred }) => {
      if (transferred <= LARGEST_BYTES) return;
      isTooLarge = true;
      stop.abort();
    });
    return answered(await pending, request);
  } catch (error) {
    if (isTooLarge) return ended('lost', TOO_LARGE);
    if (signal?.aborted) return ended('aborted', 'interrupted');
    return failed(error, {
      agent,
      mayHaveArrived: at.step === 'answer',
      late: describeLate(at.step, timeout),
    });
  }
}

/**
 * A controller that also aborts when another signal does, until it is disposed. `AbortSignal.any` does so, too, but what it
 * makes for each request is freed late, which takes a long run much memory.
 */
export class LinkedAbort extends AbortController implements Disposable {
  readonly #source: AbortSignal | undefined;
  readonly #follow = () => this.abort(this.#source?.reason);

  constructor(source: AbortSignal | undefined) {
    super();
    this.#source = source;
    if (source?.aborted) this.#follow();
    else source?.addEventListener('abort', this.#follow, { once: true });
  }

  [Symbol.dispose](): void {
    this.#source?.removeEventListener('abort', this.#follow);
  }
}
