import { quantile } from './duration.ts';

/** The number of earlier durations from which the usual one is estimated. */
export const KNOWN_DURATIONS = 20;

/**
 * Returns the time that a step usually takes at least, in milliseconds; null if no duration is known. It is the lower
 * quartile, so that single results that were found late don't count.
 */
export function usualTime(durations: readonly number[]): number | null {
  return quantile(
    durations.filter((duration) => duration > 0),
    0.25,
  );
}
