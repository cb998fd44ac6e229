import { distance } from 'fastest-levenshtein';

/** A number of things, for people: `1 card`, `2 cards`. */
export function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** The words that a mistyped one is closest to, at most three, nearest first; none when all are far away. */
export function nearestOf(text: string, words: readonly string[]): string[] {
  return [...new Set(words)]
    .map((word) => ({ word, away: distance(text, word) }))
    .filter(({ away, word }) => away <= Math.max(2, word.length / 3))
    .toSorted((left, right) => left.away - right.away)
    .slice(0, 3)
    .map(({ word }) => word);
}

/** Does a host name, as URLs or sockets write it, mean this machine only? */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host);
}
