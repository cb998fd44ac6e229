import { distance } from 'fastest-levenshtein';

/** Returns a number with its noun: `1 card`, `2 cards`. */
export function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** Returns text without the byte order mark at its beginning, which no editor shows. */
export function withoutByteOrderMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}

/** Returns the words that are similar to a mistyped one, at most three, most similar first. */
export function nearestOf(text: string, words: readonly string[]): string[] {
  return [...new Set(words)]
    .map((word) => ({ word, away: distance(text, word) }))
    .filter(({ away, word }) => away <= Math.max(2, word.length / 3))
    .toSorted((left, right) => left.away - right.away)
    .slice(0, 3)
    .map(({ word }) => word);
}

/** True if a host name, as URLs or sockets write it, is this machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host);
}

/** Formats bytes for people: `1.5 MiB`. */
export function formatSize(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
