import { stripVTControlCharacters } from 'node:util';
import { wrapAnsi } from 'fast-wrap-ansi';
import { FIXED_SPACE, unbroken } from './style.ts';

/** Matches a command with its arguments, including the word after a flag, which may be the flag's value. */
const COMMAND =
  /kioskctl(?: [a-z][a-z-]*){1,3}(?: (?:[A-Z][A-Z_]+(?!\w)|--?[a-z][\w-]*(?: (?:'[^']*'|<[^>]+>|[^\s'<-]\S*))?|<[^>]+>|'[^']*'|[^\s.,;:)]*[\d/][^\s.,;:)]*))*/g;

/** Matches a formatted local time. */
const TIME = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d/g;

/**
 * Matches the start of a line: spaces, a symbol, the title of a value. Its length is the indentation of the next lines.
 */
const MARGIN = /^(?: +|[^\w\s] )?(?:\S.{0,20}? {2,})?/;

/** Minimum width of an indented line, in characters. */
const LEAST = 24;

/**
 * Breaks lines at spaces to fit a terminal. Does not break commands (users copy them), times, and words that are longer
 * than a line.
 */
export function wrapLines(text: string, columns: number): string {
  const lines = text.split('\n').map((line) => wrapLine(line, columns));
  return lines.join('\n').replaceAll(FIXED_SPACE, ' ');
}

function wrapLine(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  if (plain.length <= columns || line.includes('\t')) return line;
  const [{ length }] = MARGIN.exec(plain) ?? [''];
  const indent = columns - length < LEAST ? 0 : length;
  const start = lengthOf(line, indent);
  const rest = line.slice(start).replaceAll(COMMAND, unbroken).replaceAll(TIME, unbroken);
  const wrapped = wrapAnsi(rest, columns - indent).replaceAll('\n', `\n${' '.repeat(indent)}`);
  return `${line.slice(0, start)}${wrapped}`;
}

/**
 * Returns the length of the beginning of a styled line that shows `shown` characters. Colour codes count towards the
 * length.
 */
function lengthOf(line: string, shown: number): number {
  const [beginning] = new RegExp(String.raw`^(?:(?:\u001b\[[\d;]*m)*[^\u001b]){${shown}}`).exec(line) ?? [''];
  return beginning.length;
}
