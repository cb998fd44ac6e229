// Formats the documents of commands as examples of docs/json.md.

const WIDTH = 110;
/** The longest text of an example, and the most entries of its lists. */
const LONGEST = 160;
const MOST_TEXTS = 4;

/** Formats a document, with shortened lists and texts. */
export function exampleOf(document: Record<string, unknown>): string {
  return format(shortened(document), '');
}

function shortened(value: unknown): unknown {
  if (typeof value === 'string') return value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value;
  if (Array.isArray(value)) {
    const isOfObjects = typeof value[0] === 'object';
    return value.slice(0, isOfObjects ? 1 : MOST_TEXTS).map(shortened);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === 'nextArgv' && inner !== null ? inner : shortened(inner),
    ]),
  );
}

/** Formats a value: what fits is on one line, and lines are filled. */
function format(value: unknown, indent: string, name = ''): string {
  const line = onOneLine(value);
  if (typeof value !== 'object' || value === null || indent.length + name.length + line.length <= WIDTH)
    return line;
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((one) => format(one, inner))
    : Object.entries(value).map(
        ([key, one]) => `${JSON.stringify(key)}: ${format(one, inner, `"${key}": `)}`,
      );
  const [open, close] = isList ? '[]' : '{}';
  return `${open}\n${filled(parts, inner)}\n${indent}${close}`;
}

/** Joins parts to lines. A part of several lines has lines of its own. */
function filled(parts: readonly string[], indent: string): string {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const isShort = last !== undefined && !`${last}${part}`.includes('\n');
    if (isShort && indent.length + last.length + part.length + 2 < WIDTH)
      lines[lines.length - 1] = `${last}, ${part}`;
    else lines.push(part);
  }
  return lines.map((line) => `${indent}${line}`).join(',\n');
}

function onOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${onOneLine(one)}`);
  return `{${fields.join(', ')}}`;
}
