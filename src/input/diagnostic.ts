import { printable } from '../domain/text/terminal-text.ts';
import { nearestOf } from '../domain/text/words.ts';

/** A place in the content of a file: the path of keys. `at` selects the last key or its value. */
export interface Place {
  path: readonly (string | number)[];
  at: 'key' | 'value';
}

/** A mistake or warning about the content of a user's file. */
export interface Diagnostic extends Place {
  message: string;
}

/** A position in a text; line and column start at 1. */
export interface Position {
  line: number;
  column: number;
}

/** A diagnostic with its position, as in JSON documents. Its path has dots: `production.PRD_TIMEOUT.owner`. */
export interface LocatedDiagnostic extends Position {
  path: string;
  message: string;
}

/** Maximum number of diagnostics of a kind. */
const MOST_SHOWN = 100;

export function diagnostic(path: Place['path'], message: string, at: Place['at'] = 'value'): Diagnostic {
  return { path, at, message };
}

/** Adds positions to diagnostics. @param placeOf returns the position of a place */
export function locate(
  diagnostics: readonly Diagnostic[],
  placeOf: (place: Place) => Position,
): LocatedDiagnostic[] {
  return diagnostics.map(({ path, at, message }) => ({
    ...placeOf({ path, at }),
    path: path.join('.'),
    message,
  }));
}

/** Sorts diagnostics by position. Returns at most 100. */
export function inOrder(diagnostics: readonly LocatedDiagnostic[]): LocatedDiagnostic[] {
  return diagnostics
    .toSorted((left, right) => left.line - right.line || left.column - right.column)
    .slice(0, MOST_SHOWN);
}

/** Formats a diagnostic in one line, without its position. */
export function describe({ path, message }: Pick<LocatedDiagnostic, 'path' | 'message'>): string {
  return printable(path === '' ? message : `${path}: ${message}`);
}

/** Describes why a file is invalid: its first mistake with its position, and the number of other mistakes. */
export function firstOf([first, ...others]: readonly LocatedDiagnostic[]): string {
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return `${first ? describeInPlace(first) : 'it is empty'}${more}`;
}

/** Describes all mistakes of a short file, each with its position. */
export function allOf(diagnostics: readonly LocatedDiagnostic[]): string {
  return diagnostics.map(describeInPlace).join('; ');
}

function describeInPlace(one: LocatedDiagnostic): string {
  return `line ${one.line}, column ${one.column}: ${describe(one)}`;
}

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'text';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}

/** Returns a clause that suggests similar words, for the end of a sentence; empty without similar words. */
export function orNearest(word: string, known: readonly string[]): string {
  const meant = nearestOf(word, known);
  return meant.length > 0 ? `: did you mean ${meant.join(' or ')}?` : '';
}

export function isMapping(content: unknown): content is Record<string, unknown> {
  return typeof content === 'object' && content !== null && !Array.isArray(content);
}
