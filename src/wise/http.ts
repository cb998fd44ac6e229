import { setTimeout as delay } from 'node:timers/promises';
import { HeldBack, type Limiter, type Reservation } from './rate-limiter.ts';
import {
  type HttpAnswer,
  type NoAnswer,
  prepare,
  requestOnce,
  type SingleRequest,
  type Try,
} from './send-request.ts';

export interface HttpRequest extends SingleRequest {
  /** How often a request without an effect is repeated after a network fault, 5xx or 429. */
  retries: number;
  /** Milliseconds in which all tries must have begun; without it, there is no such limit. */
  patience?: number | undefined;
  /** Gives each try its turn. */
  limiter?: Limiter | undefined;
  /** The turn of the first try, which was waited for before. */
  reservation?: Reservation | undefined;
  /** Told of each try, and how long it took from its leaving on. */
  onTry?: (outcome: HttpAnswer | NoAnswer, milliseconds: number) => void;
}

const LONGEST_RETRY_AFTER_MS = 30_000;

/**
 * One exchange with the vendor: a request, and its repeats if it may be repeated. Never throws for what the network or
 * the other side does.
 */
export async function exchange(request: HttpRequest): Promise<HttpAnswer | NoAnswer> {
  const { retries, signal, patience = Number.POSITIVE_INFINITY } = request;
  const started = performance.now();
  for (let repeats = 0; ; repeats += 1) {
    const left = patience - (performance.now() - started);
    const { outcome, passes } = await tryInTurn(request, left, repeats);
    const pause = pauseBefore(repeats + 1, outcome);
    const isLast = !passes || repeats >= retries || pause >= patience - (performance.now() - started);
    if (isLast || pause > LONGEST_RETRY_AFTER_MS) return outcome;
    const isInterrupted = await delay(pause, false, { signal }).catch(() => true);
    if (isInterrupted) return { kind: 'aborted', reason: 'interrupted' };
  }
}

async function tryInTurn(request: HttpRequest, patience: number, repeats: number): Promise<Try> {
  const { limiter, signal } = request;
  if (!limiter) return timed(request);
  await prepare();
  const reservation = repeats === 0 ? request.reservation : undefined;
  try {
    return await limiter.run(async () => timed(request), {
      patience,
      signal,
      reservation,
      read: ({ outcome }) => ({
        isLimited: outcome.kind === 'answered' && outcome.httpStatus === 429,
        isGood: outcome.kind === 'answered' && outcome.httpStatus < 500,
        retryAfter: outcome.kind === 'answered' ? outcome.retryAfter : null,
      }),
    });
  } catch (error) {
    if (signal?.aborted) return { outcome: { kind: 'aborted', reason: 'interrupted' }, passes: false };
    if (!(error instanceof HeldBack)) throw error;
    const outcome = { kind: 'not-connected', reason: error.message, heldBack: error.retryAfter } as const;
    request.onTry?.(outcome, 0);
    return { outcome, passes: false };
  }
}

async function timed(request: HttpRequest): Promise<Try> {
  const started = performance.now();
  const done = await requestOnce(request);
  request.onTry?.(done.outcome, Math.round(performance.now() - started));
  return done;
}

/** Milliseconds before a repeat: what the other side asks for, else a little longer each time. */
function pauseBefore(repeat: number, outcome: HttpAnswer | NoAnswer): number {
  const asked = outcome.kind === 'answered' ? outcome.retryAfter : null;
  return asked ?? 250 * 2 ** (repeat - 1) + Math.random() * 100;
}
