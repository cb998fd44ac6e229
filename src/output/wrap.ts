import { stripVTControlCharacters } from 'node:util';
import { wrapAnsi } from 'fast-wrap-ansi';

/** Stands for a blank at which no line is broken. */
const FIXED = '\uE000';

/** A command with its arguments. A flag takes the word after it along, because it may be its value. */
const COMMAND =
  /kioskctl(?: [a-z][a-z-]*){1,3}(?: (?:[A-Z][A-Z_]+|--?[a-z][\w-]*(?: (?:'[^']*'|<[^>]+>|[^\s'<-]\S*))?|<[^>]+>|'[^']*'|[^\s.,;:)]*[\d/][^\s.,;:)]*))*/g;

/** A time for people. */
const TIME = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d/g;

/** The beginning of a line below which its rest is indented: blanks, a mark, the title of a value. */
const MARGIN = /^(?: +|[^\w\s] )?(?:\S.{0,20}? {2,})?/;

/** The least width of a line that is indented. */
const LEAST = 24;

/**
 * Breaks lines at words so that they fit a terminal. Commands stay whole, because users copy them; so do times, and
 * words that are longer than a line.
 */
export function wrapLines(text: string, columns: number): string {
  const lines = text.split('\n').map((line) => wrapLine(line, columns));
  return lines.join('\n').replaceAll(FIXED, ' ');
}

/** Exempts a text from the breaking of its lines. */
export function unbroken(text: string): string {
  return text.replaceAll(' ', FIXED);
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

/** Returns the length of the beginning of a styled line that shows a number of characters. */
function lengthOf(line: string, shown: number): number {
  const [beginning] = new RegExp(String.raw`^(?:(?:\u001b\[[\d;]*m)*[^\u001b]){${shown}}`).exec(line) ?? [''];
  return beginning.length;
}
