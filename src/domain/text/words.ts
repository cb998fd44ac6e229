import { distance } from 'fastest-levenshtein';

/** Formats a number with its noun: `1 card`, `2 cards`. */
export function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** Ends a text with a full stop, unless it ends with a punctuation mark. */
export function asSentence(text: string): string {
  return /[.!?:;…]$/.test(text) ? text : `${text}.`;
}

/** Removes a byte order mark, which editors don't show. */
export function withoutByteOrderMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}

/** Returns at most three words that are similar to a mistyped word, most similar first. */
export function nearestOf(text: string, words: readonly string[]): string[] {
  return [...new Set(words)]
    .map((word) => ({ word, away: distance(text, word) }))
    .filter(({ away, word }) => away <= Math.max(2, word.length / 3) && away * 2 <= word.length)
    .toSorted((left, right) => left.away - right.away)
    .slice(0, 3)
    .map(({ word }) => word);
}

/** True if a host name, in the notation of URLs or sockets, is this machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host);
}

/** Formats a number of bytes: `1.5 MiB`. */
export function formatSize(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
