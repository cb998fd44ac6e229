export interface Mapping {
  values: Record<string, unknown>;
  /** Why there are none: the first mistake, with its line and column. */
  error: string | null;
  /** Where a key stands, from 1; null for one that isn't there. */
  lineOf: (key: string) => number | null;
}

function failed(why: string): Mapping {
  return { values: {}, error: why, lineOf: () => null };
}

/** Reads a mapping; an empty text is an empty one. */
export async function readMapping(text: string): Promise<Mapping> {
  const { isMap, isScalar, LineCounter, parseDocument } = await import('../../input/yaml.ts');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  const [error] = [...document.errors, ...document.warnings];
  if (error) return failed(error.message.split('\n')[0]?.replace(/:$/, '') ?? 'it is not YAML');
  const isEmpty =
    document.contents === null || (isScalar(document.contents) && document.contents.value === null);
  if (isEmpty) return { values: {}, error: null, lineOf: () => null };
  if (!isMap(document.contents)) return failed('it is not a mapping of settings');
  const places = new Map<string, number>();
  for (const { key } of document.contents.items) {
    if (isScalar(key)) places.set(String(key.value), lines.linePos(key.range?.[0] ?? 0).line);
  }
  try {
    const values: Record<string, unknown> = document.toJS({ maxAliasCount: 10 });
    return { values, error: null, lineOf: (key) => places.get(key) ?? null };
  } catch (thrown) {
    return failed(thrown instanceof Error ? thrown.message : 'its aliases can not be followed');
  }
}
