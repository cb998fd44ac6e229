import { failure } from '../errors/failure.ts';
import { printable } from '../text/terminal-text.ts';

/** Maximum delay of a timer of Node, in milliseconds: 24.8 days. A longer one ends immediately. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Parses a duration of a flag: a whole number with a unit, or `0`.
 * @param text `500ms`, `90s`, `5m`, `2h`, `61d` or `0`
 * @returns milliseconds
 * @throws Failure `usage`, for example without a unit, for a negative number, or for `1h30`
 */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const milliseconds = MILLISECONDS[unit ?? ''];
  if (milliseconds === undefined) {
    throw failure(
      'usage',
      `“${printable(text)}” is not a duration.`,
      'Use a whole number with a unit: 500ms, 90s, 5m, 2h or 61d.',
    );
  }
  return Number(amount) * milliseconds;
}

/** Formats milliseconds in readable units: `0.8s`, `42s`, `3m 20s`, `2h 5m`, `3d`. */
export function formatDuration(milliseconds: number): string {
  const tenths = Math.round(Math.max(0, milliseconds) / 100);
  if (tenths < 100) return `${tenths / 10}s`;
  const seconds = Math.round(tenths / 10);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days) return joined(`${days}d`, hours % 24, 'h');
  if (hours) return joined(`${hours}h`, minutes % 60, 'm');
  return minutes ? joined(`${minutes}m`, seconds % 60, 's') : `${seconds}s`;
}

function joined(first: string, rest: number, unit: string): string {
  return rest === 0 ? first : `${first} ${rest}${unit}`;
}

/**
 * Returns a quantile, interpolated linearly between the two closest ranks (like NumPy, R and PERCENTILE.INC).
 * @param share 0.5 for the median, 0.95 for p95
 * @returns null for an empty list
 */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((left, right) => left - right);
  const rank = share * (sorted.length - 1);
  const lower = sorted[Math.floor(rank)];
  const upper = sorted[Math.ceil(rank)];
  if (lower === undefined || upper === undefined) return null;
  return lower + (upper - lower) * (rank - Math.floor(rank));
}

/** Returns the median of a list; null for an empty list. */
export function median(durations: readonly number[]): number | null {
  return quantile(durations, 0.5);
}
