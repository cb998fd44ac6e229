/** Error for a row that this version of kioskctl can't have written. */
export class DamagedRow extends Error {}

/** Parses a stored JSON object. The caller declares its type. @param fields required fields @throws DamagedRow */
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
  throw new DamagedRow('a stored value cannot be read');
}

/** Checks that a stored word is one of the allowed words. @throws DamagedRow */
export function knownWord<Word extends string>(value: unknown, words: readonly Word[]): Word {
  const word = words.find((one) => one === value);
  if (word === undefined) throw new DamagedRow('a stored value is unknown');
  return word;
}

/** Converts rows, and leaves out those that this version can't read. @param onDamaged receives them */
export function readableRows<Row, Stored>(
  rows: readonly Row[],
  convert: (row: Row) => Stored,
  onDamaged: (row: Row) => void,
): Stored[] {
  return rows.flatMap((row) => {
    try {
      return [convert(row)];
    } catch (error) {
      if (!(error instanceof DamagedRow)) throw error;
      onDamaged(row);
      return [];
    }
  });
}
