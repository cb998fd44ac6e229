/** A row that this kioskctl can't have written. */
export class DamagedRow extends Error {}

/**
 * Parses a JSON object that the journal stored; the caller names its type.
 * @param fields fields that it must have
 * @throws DamagedRow
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function parseStored<Stored>(text: string, ...fields: (string & keyof Stored)[]): Stored {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && fields.every((field) => field in value))
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the journal
      return value as Stored;
  } catch {
    // Reported below.
  }
  throw new DamagedRow('a stored value can not be read');
}

/** Ensures that a stored word is one of those that the journal writes. @throws DamagedRow */
export function knownWord<Word extends string>(value: unknown, words: readonly Word[]): Word {
  const word = words.find((one) => one === value);
  if (word === undefined) throw new DamagedRow('a stored value is unknown');
  return word;
}
