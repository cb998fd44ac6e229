/** The longest `Retry-After` that is obeyed: a year. */
const LONGEST_DELAY_MS = 365 * 86_400_000;

/**
 * Reads the header `Retry-After` as RFC 9110 defines it: seconds or a date; of several values, the longest counts.
 * @param now the time of the answer, in milliseconds since the epoch
 * @returns milliseconds, at least 0; null for a header that can't be read
 */
export function parseRetryAfter(header: string, now: number): number | null {
  // A comma in front of a day belongs to a date.
  const delays = header
    .split(/,(?!\s*\d\d[ -][A-Z])/)
    .map((value) => toDelay(value.trim(), now))
    .filter((delay) => delay !== null);
  return delays.length === 0 ? null : Math.min(Math.max(0, ...delays), LONGEST_DELAY_MS);
}

function toDelay(text: string, now: number): number | null {
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const time = parseHttpDate(text);
  return time === null ? null : time - now;
}

/** Reads a date in one of the three formats of RFC 9110, which are all in GMT, in milliseconds since the epoch. */
export function parseHttpDate(text: string): number | null {
  if (!/^[A-Z][a-z]{2,8},? [\w -]+ \d\d:\d\d:\d\d (GMT|\d{4})$/.test(text)) return null;
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? null : time;
}
