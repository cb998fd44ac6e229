/** A number of things, for people: `1 card`, `2 cards`. */
export function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
