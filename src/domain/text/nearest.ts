import { distance } from 'fastest-levenshtein';

/** The words that a mistyped one is closest to, at most three, nearest first; none when all are far away. */
export function nearestOf(text: string, words: readonly string[]): string[] {
  return [...new Set(words)]
    .map((word) => ({ word, away: distance(text, word) }))
    .filter(({ away, word }) => away <= Math.max(2, word.length / 3))
    .toSorted((left, right) => left.away - right.away)
    .slice(0, 3)
    .map(({ word }) => word);
}
