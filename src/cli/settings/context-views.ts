import { plainRow, renderTable } from '../../output/table.ts';

interface ContextRow {
  name: string;
  environment: string;
  profileId: number | null;
  kiosks: readonly string[];
  baseUrl: string | null;
}

/** Contexts as a table; a star marks the one that commands use. */
export async function renderContexts(
  contexts: readonly ContextRow[],
  current: string | null,
): Promise<string> {
  return renderTable(
    ['', 'Context', 'Environment', 'Profile', 'Kiosks', 'Base URL'],
    contexts.map(({ name, environment, profileId, kiosks, baseUrl }) => {
      const mark = name === current ? '*' : '';
      return plainRow([mark, name, environment, profileId, kiosks.join(' ') || null, baseUrl]);
    }),
  );
}

interface Value {
  value: string | number | readonly string[] | Readonly<Record<string, string>> | null;
  source: string;
  from: string | null;
}

const SOURCES: Readonly<Record<string, (from: string) => string>> = {
  context: (from) => `context ${from}`,
  default: () => 'default',
};

/** The values of a context, each with where it comes from. */
export async function renderValues(values: Readonly<Record<string, Value>>): Promise<string> {
  return renderTable(
    ['Setting', 'Value', 'From'],
    Object.entries(values).map(([key, { value, source, from }]) =>
      plainRow([key, wordsOf(value), value === null ? null : (SOURCES[source]?.(from ?? '') ?? from)]),
    ),
  );
}

function wordsOf(value: Value['value']): string | null {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  return value === null ? null : Object.values(value).join(' ') || null;
}
