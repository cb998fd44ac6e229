/**
 * Moves flags that precede the command behind it: `kioskctl --context ci status`.
 * @param takesValue returns true for a global flag whose value is the next word
 */
export function commandFirst(
  argv: readonly string[],
  takesValue: (flag: string) => boolean,
): readonly string[] {
  let count = 0;
  for (let word = argv[0]; word?.startsWith('--'); word = argv[count])
    count += takesValue(word.slice(2)) ? 2 : 1;
  return [...argv.slice(count), ...argv.slice(0, count)];
}

/** Returns the words before the first flag. */
export function leadingWords(argv: readonly string[]): readonly string[] {
  const end = argv.findIndex((word) => word.startsWith('-'));
  return end < 0 ? argv : argv.slice(0, end);
}

/**
 * Finds the longest sequence of leading words that names a command or group.
 * @param resolve returns the id for words like `kiosk:list`; null for unknown words
 */
export function findId(
  argv: readonly string[],
  resolve: (named: string) => string | null,
): { id: string | null; rest: readonly string[] } {
  const words = leadingWords(argv).slice(0, 3);
  for (let length = words.length; length > 0; length -= 1) {
    const id = resolve(words.slice(0, length).join(':'));
    if (id !== null) return { id, rest: argv.slice(length) };
  }
  return { id: null, rest: argv };
}
