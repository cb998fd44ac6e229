const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The attempt before the longest of the growing pauses: 1,024 minutes. */
const LAST_DOUBLING_ATTEMPT = 11;

const MOST_ATTEMPTS = 25;
/** The maximum number of attempts if a retry would almost certainly get the same status, like 400. */
const FEW_ATTEMPTS = 3;

/** The answer to a delivery. */
export interface DeliveryAnswer {
  /** 0 for no answer. */
  status: number;
  /** `Retry-After` in milliseconds; null without one. */
  retryAfter: number | null;
}

/**
 * Returns the pause after a failed attempt: that of `Retry-After`, otherwise 1, 2, 4 … 1,024 minutes and then a day; never
 * more than a day. Source: Wise's guide on webhooks: 25 attempts over two weeks, or 3. Its list of the statuses with 3
 * attempts is not public beyond 400: that it is every 4xx but 408 and 429 is an assumption.
 * @param attempt the number of the failed one, from 1
 * @returns milliseconds at speed 1; null after the last attempt
 */
export function pauseAfter(attempt: number, { status, retryAfter }: DeliveryAnswer): number | null {
  if (attempt >= (isLasting(status) ? FEW_ATTEMPTS : MOST_ATTEMPTS)) return null;
  if (retryAfter !== null) return Math.min(retryAfter, DAY_MS);
  return attempt <= LAST_DOUBLING_ATTEMPT ? MINUTE_MS * 2 ** (attempt - 1) : DAY_MS;
}

function isLasting(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}
