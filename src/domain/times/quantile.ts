/**
 * The value below which a share of some numbers lies, interpolated linearly between the two closest ranks (the default of
 * NumPy and R, `PERCENTILE.INC` of spreadsheets).
 * @param share 0.5 for the median, 0.95 for p95
 * @returns null where there are no numbers
 */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((left, right) => left - right);
  const rank = share * (sorted.length - 1);
  const lower = sorted[Math.floor(rank)];
  const upper = sorted[Math.ceil(rank)];
  if (lower === undefined || upper === undefined) return null;
  return lower + (upper - lower) * (rank - Math.floor(rank));
}

/** The middle one of some durations, or the mean of the middle two; null where there is none. */
export function median(durations: readonly number[]): number | null {
  return quantile(durations, 0.5);
}
