import { Refusal } from './answers.ts';

export interface Route {
  method: string;
  /** Segments of the path; one in braces matches any text: `{profileId}`. */
  template: readonly string[];
}

export type PathParameters = Readonly<Record<string, string>>;

/** Returns the segments of a path, still encoded. */
export function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

/**
 * Finds the first route of the table that matches a request.
 * @throws Refusal 404, 405, or 400 for a segment that is wrongly encoded
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
