import type { Parameters, Value } from '../database/database.ts';

/** A statement with numbered parameters (`$1`), as PostgreSQL requires them. */
export interface NumberedStatement {
  /** Name of the prepared statement. */
  name: string;
  text: string;
  /** Parameter names in the sequence of their numbers; indexes for positional parameters. */
  parameters: readonly string[];
}

/** Matches parameters, and everything that may contain text like one: strings, quoted names, comments and casts. */
const PARAMETER = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|::|:([A-Za-z_]\w*)|\?/g;

const STATEMENTS = new Map<string, NumberedStatement>();

/** Numbers the parameters of a statement (`:name` or `?`). Results are cached by text. */
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

/** Returns the parameter values in the sequence of their numbers. @throws TypeError for a missing value */
export function valuesOf({ parameters }: NumberedStatement, values: Parameters): Value[] {
  const named = new Map<string, Value>(Object.entries(values));
  return parameters.map((name) => {
    const value = named.get(name);
    if (value === undefined) throw new TypeError(`a statement without a value for :${name}`);
    return typeof value === 'string' ? storable(value) : value;
  });
}

/** Replaces the NUL character, which PostgreSQL can't store in text but an event may contain. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

/** Type ids whose values become JavaScript numbers: int8, int2, int4, oid, float4, float8, numeric. */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]);
const BOOLEAN = 16;
const BYTES = 17;

/**
 * Returns the parser of a column type. Values have the same JavaScript types as with node:sqlite. No number of the
 * journal exceeds 2⁵³.
 */
export function parserOf(type: number): (text: string) => number | string | Uint8Array {
  if (NUMBERS.has(type)) return Number;
  if (type === BOOLEAN) return (text) => (text === 't' ? 1 : 0);
  if (type === BYTES) return (text) => Buffer.from(text.slice('\\x'.length), 'hex');
  return String;
}

/** SQL expression for the server's clock, in milliseconds since the epoch. */
export const CLOCK = 'CAST(extract(epoch FROM clock_timestamp()) * 1000 AS float8)';
