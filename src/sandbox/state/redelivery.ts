const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** After this attempt they are a day apart. */
const LAST_OF_DOUBLING = 11;
const LAST_ATTEMPT = 25;

/**
 * How long after a failed attempt the next one is due: 1, 2, 4 … minutes, after the eleventh a day.
 * Source: the vendor's guide on webhooks: 25 attempts over two weeks.
 * @param attempt which one failed, from 1
 * @returns milliseconds at speed 1; null after the last attempt
 */
export function pauseAfter(attempt: number): number | null {
  if (attempt >= LAST_ATTEMPT) return null;
  return attempt < LAST_OF_DOUBLING ? MINUTE * 2 ** (attempt - 1) : DAY;
}
