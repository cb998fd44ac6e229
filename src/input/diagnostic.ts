import { printable } from '../domain/text/terminal-text.ts';
import { nearestOf } from '../domain/text/words.ts';

/** A place in the content of a file: the keys that lead to it. `at` says if the last key is meant, or its value. */
export interface Place {
  path: readonly (string | number)[];
  at: 'key' | 'value';
}

/** A mistake in the content of a user's file, or a warning. */
export interface Diagnostic extends Place {
  message: string;
}

/** A place in the text of a file, from 1. */
export interface Position {
  line: number;
  column: number;
}

/** A diagnostic with its place in the text, as JSON documents show it. Its path is dotted: `production.PRD_TIMEOUT.owner`. */
export interface LocatedDiagnostic extends Position {
  path: string;
  message: string;
}

/** The most diagnostics of a kind that are shown: the rest shows once these are corrected. */
const MOST_SHOWN = 100;

export function diagnostic(path: Place['path'], message: string, at: Place['at'] = 'value'): Diagnostic {
  return { path, at, message };
}

/** Adds the places in the text. @param placeOf finds the text of a place in the content */
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

/** Sorts diagnostics by their places in the text; at most 100 remain. */
export function inOrder(diagnostics: readonly LocatedDiagnostic[]): LocatedDiagnostic[] {
  return diagnostics
    .toSorted((left, right) => left.line - right.line || left.column - right.column)
    .slice(0, MOST_SHOWN);
}

/** Describes a diagnostic in one line, without its place in the text. */
export function describe({ path, message }: Pick<LocatedDiagnostic, 'path' | 'message'>): string {
  return printable(path === '' ? message : `${path}: ${message}`);
}

/** Describes why a file can't be used: its first mistake with its place, and the number of the others. */
export function firstOf([first, ...others]: readonly LocatedDiagnostic[]): string {
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return `${first ? describeInPlace(first) : 'it is empty'}${more}`;
}

/** Describes all mistakes of a short file, each with its place. */
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

/** Returns similar words as the end of a sentence; empty without any. */
export function orNearest(word: string, known: readonly string[]): string {
  const meant = nearestOf(word, known);
  return meant.length > 0 ? `: did you mean ${meant.join(' or ')}?` : '';
}

/** Adds a full stop to a text, unless it ends with a question mark. */
export function asSentence(text: string): string {
  return text.endsWith('?') ? text : `${text}.`;
}

export function isMapping(content: unknown): content is Record<string, unknown> {
  return typeof content === 'object' && content !== null && !Array.isArray(content);
}
