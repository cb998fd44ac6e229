import type { Parameters, Value } from '../database/database.ts';

/** A statement with its parameters by number, as PostgreSQL reads them. */
export interface NumberedStatement {
  /** Its name among the prepared statements of a session. */
  name: string;
  text: string;
  /** The names of the parameters, in the order of their numbers; their indexes where they have a position only. */
  parameters: readonly string[];
}

/** A parameter, or what only looks like one: strings, quoted names, comments and casts. */
const PARAMETER = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|::|:([A-Za-z_]\w*)|\?/g;

const STATEMENTS = new Map<string, NumberedStatement>();

/** Numbers the parameters of a statement (`:name` or `?`). Each text is read once. */
export function numbered(sql: string): NumberedStatement {
  const known = STATEMENTS.get(sql);
  if (known) return known;
  const parameters: string[] = [];
  const text = sql.replace(PARAMETER, (found: string, name: string | undefined) => {
    if (name === undefined && found !== '?') return found;
    const known = name === undefined ? -1 : parameters.indexOf(name);
    if (known >= 0) return `$${known + 1}`;
    return `$${parameters.push(name ?? String(parameters.length))}`;
  });
  const statement = { name: `kioskctl ${STATEMENTS.size}`, text, parameters };
  STATEMENTS.set(sql, statement);
  return statement;
}

/** Returns the values of a statement in the order of their numbers. @throws TypeError for one that is missing */
export function valuesOf({ parameters }: NumberedStatement, values: Parameters): Value[] {
  const named = new Map<string, Value>(Object.entries(values));
  return parameters.map((name) => {
    const value = named.get(name);
    if (value === undefined) throw new TypeError(`a statement without a value for :${name}`);
    return typeof value === 'string' ? storable(value) : value;
  });
}

/** Replaces the one character that no text of PostgreSQL has, so that an event of Wise that has it can be stored. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

/** The types whose values are numbers in JavaScript: int8, int2, int4, oid, float4, float8, numeric. */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]);
const BOOLEAN = 16;
const BYTES = 17;

/** Returns what makes a value of the text of a type, as node:sqlite has it: no number of the journal is above 2⁵³. */
export function parserOf(type: number): (text: string) => number | string | Uint8Array {
  if (NUMBERS.has(type)) return Number;
  if (type === BOOLEAN) return (text) => (text === 't' ? 1 : 0);
  if (type === BYTES) return (text) => Buffer.from(text.slice('\\x'.length), 'hex');
  return String;
}

/** The clock of the server at this moment, in milliseconds since the epoch. */
export const CLOCK = 'CAST(extract(epoch FROM clock_timestamp()) * 1000 AS float8)';
