import { Refusal } from './answers.ts';

export interface Route {
  method: string;
  /** Path segments. A segment in braces matches any text: `{profileId}`. */
  template: readonly string[];
}

export type PathParameters = Readonly<Record<string, string>>;

/** Splits a path into segments, without decoding them. */
export function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

/**
 * Returns the first matching route.
 * @throws Refusal 404 (no path matches), 405 (no method matches), 400 (invalid percent-encoding)
 */
export function findRoute<Known extends Route>(
  routes: readonly Known[],
  { method, segments }: { method: string; segments: readonly string[] },
): { route: Known; parameters: PathParameters } {
  const names = segments.map(decodeSegment);
  const candidates = routes.filter(({ template }) => matches(template, names));
  const route = candidates.find((candidate) => candidate.method === method);
  if (route) return { route, parameters: parametersOf(route.template, names) };
  if (candidates.length === 0) throw new Refusal(404, 'No such endpoint');
  const allowed = [...new Set(candidates.map((candidate) => candidate.method))].join(', ');
  throw new Refusal(405, `Method ${method} is not supported here`, { headers: { Allow: allowed } });
}

function matches(template: readonly string[], names: readonly string[]): boolean {
  return (
    template.length === names.length &&
    template.every((part, index) => (isParameter(part) ? names[index] !== '' : part === names[index]))
  );
}

function parametersOf(template: readonly string[], names: readonly string[]): PathParameters {
  const entries = template.flatMap((part, index) =>
    isParameter(part) ? [[part.slice(1, -1), names[index] ?? ''] as const] : [],
  );
  return Object.fromEntries(entries);
}

function isParameter(part: string): boolean {
  return part.startsWith('{');
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Refusal(400, 'The path is wrongly encoded');
  }
}
