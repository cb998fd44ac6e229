import { nearestOf } from '../domain/text/words.ts';

/** Where in a file of a user's something is: the keys that lead to it, and whether the last key is meant or its value. */
export interface Place {
  path: readonly (string | number)[];
  at: 'key' | 'value';
}

/** Something about a file that its user should know. */
export interface Remark extends Place {
  message: string;
}

/** Describes the type of a value. */
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

/** Ends a text with a full stop, unless it has an end. */
export function asSentence(text: string): string {
  return text.endsWith('?') ? text : `${text}.`;
}

export function isMapping(content: unknown): content is Record<string, unknown> {
  return typeof content === 'object' && content !== null && !Array.isArray(content);
}
