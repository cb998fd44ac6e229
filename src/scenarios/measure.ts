import type { Remark } from '../input/diagnostic.ts';

/** Far more than steps in loops in loops need. */
const DEEPEST = 32;
/** Values, those counted again that aliases repeat. */
const MOST_VALUES = 100_000;

type Path = Remark['path'];

/** Can this be gone through at all? What a YAML alias repeats may contain itself, or multiply without end. */
export function measure(content: unknown): Remark | null {
  const above = new Set<unknown>();
  let values = 0;
  const visit = (value: unknown, path: Path): Remark | null => {
    if (typeof value !== 'object' || value === null) return null;
    if (above.has(value))
      return remark(path, 'it contains itself (a YAML alias inside of what it stands for)');
    if (path.length > DEEPEST) return remark(path, `it is nested over ${DEEPEST} levels deep`);
    above.add(value);
    for (const [key, inner] of Object.entries(value)) {
      values += 1;
      if (values > MOST_VALUES) return remark([], `it has over ${MOST_VALUES} values`);
      const found = visit(inner, [...path, Array.isArray(value) ? Number(key) : key]);
      if (found) return found;
    }
    above.delete(value);
    return null;
  };
  return visit(content, []);
}

function remark(path: Path, message: string): Remark {
  return { path, at: 'value', message };
}
