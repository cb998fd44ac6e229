import * as v from 'valibot';
import { type Diagnostic, isMapping, kindOf, orNearest, type Place } from '../input/diagnostic.ts';
import { isTemplate } from './interpolate.ts';

type Issue = v.BaseIssue<unknown>;
type Path = Place['path'];

interface CheckedValue {
  schema: v.GenericSchema;
  /** Path of the value in the file. */
  path: Path;
  /** True if messages may contain the value, because it can't be personal data. */
  quotes: boolean;
}

/** Maximum number of issues in one report. */
export const MOST_ISSUES = 200;

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  null: 'nothing',
  union: 'what can stand here',
};

/** Converts schema issues to diagnostics. Issues of values that contain variables are ignored. */
export function toDiagnostics(issues: readonly Issue[], checked: CheckedValue): Diagnostic[] {
  const diagnostics = issues
    .slice(0, MOST_ISSUES)
    .flatMap(clearest)
    .map((issue) => toDiagnostic(issue, checked));
  return [...new Map(diagnostics.map((one) => [`${one.path.join('.')} ${one.message}`, one])).values()];
}

function toDiagnostic(issue: Issue, checked: CheckedValue): Diagnostic {
  const keys = keysOf(issue);
  const above = { path: [...checked.path, ...keys.slice(0, -1)], at: 'value' as const };
  const last = issue.path?.at(-1);
  if (issue.received === 'undefined') return { ...above, message: `“${keys.at(-1)}” is missing` };
  // valibot accepts a list where it expects an object.
  if (last?.type === 'object' && Array.isArray(last.input))
    return { ...above, message: 'it is a list, not a mapping of names to values' };
  return {
    path: [...checked.path, ...keys],
    at: last?.origin === 'key' ? 'key' : 'value',
    message: messageOf(issue, checked),
  };
}

/** Returns the issue itself; for a union, the issues of the variant that fits best; none for a value with variables. */
function clearest(issue: Issue): Issue[] {
  if (isTemplate(issue.input)) return [];
  if (issue.type !== 'union' || !issue.issues) return [issue];
  const inner = innerOf(issue);
  const depth = keysOf(issue).length;
  const furthest = inner.filter((one) => keysOf(one).length > depth);
  if (furthest.length > 0) return furthest.flatMap(clearest);
  const first = inner.find(({ kind, type }) => kind !== 'schema' || type === 'picklist') ?? inner[0];
  return first ? clearest(first) : [issue];
}

/** Returns the issues of each variant of a union, with full paths. */
function innerOf({ issues, path }: Issue): Issue[] {
  return (issues ?? []).map((inner) => {
    const [first, ...rest] = [...(path ?? []), ...(inner.path ?? [])];
    return first ? { ...inner, path: [first, ...rest] } : inner;
  });
}

function messageOf(issue: Issue, { schema, path, quotes }: CheckedValue): string {
  const { kind, type, input, expected } = issue;
  if (kind !== 'schema') return requirementOf(issue);
  if (expected === 'never') {
    const known = fieldsOf(schema, keysOf(issue).slice(0, -1));
    return `there is no “${String(input)}” here${orNearest(String(input), known)}`;
  }
  if (['picklist', 'literal', 'variant'].includes(type)) {
    const isShown = quotes && [...path, ...keysOf(issue)][0] !== 'variables';
    const isWord = typeof input === 'string' || typeof input === 'number';
    return noSuchWord(issue, isShown && isWord ? `“${input}”` : 'it');
  }
  return `it is ${kindOf(input)}, not ${NOUNS[type] ?? 'a mapping of names to values'}`;
}

/** Returns the field names of a schema at a path. */
export function fieldsOf(schema: unknown, path: Path = []): string[] {
  if (!isMapping(schema)) return [];
  const { entries, options, wrapped, value } = schema;
  const [key, ...deeper] = path;
  const shapes = [...(Array.isArray(options) ? options : []), wrapped];
  const inner = [...shapes.flatMap((one: unknown) => fieldsOf(one, path)), ...fieldsOf(value, deeper)];
  if (!isMapping(entries)) return [...new Set(inner)];
  return key === undefined ? Object.keys(entries) : fieldsOf(entries[key], deeper);
}

/** Describes a value that is not an allowed word. @param issue `expected`: all allowed words, in quotes */
function noSuchWord({ expected, input }: Issue, shown: string): string {
  const words = [...(expected ?? '').matchAll(/"([^"]*)"|\b(\d+)\b/g)].map(
    ([, word, number]) => word ?? number ?? '',
  );
  const meant = typeof input === 'string' ? orNearest(input, words) : '';
  if (words.length === 1) return `${shown} is not ${words.join()}`;
  if (meant !== '' && shown !== 'it') return `there is no ${shown}${meant}`;
  const isShort = words.length <= 12;
  return isShort ? `${shown} is none of ${words.join(', ')}` : `${shown} is none that is known here`;
}

function requirementOf({ type, message, requirement, input }: Issue): string {
  const things = Array.isArray(input) ? 'items' : 'characters';
  const limit = String(requirement);
  const messages: Readonly<Record<string, string>> = {
    integer: 'it is not a whole number',
    safe_integer: 'it is not a whole number',
    min_value: `it is less than ${limit}`,
    max_value: `it is more than ${limit}`,
    min_length: requirement === 1 ? 'it is empty' : `it has less than ${limit} ${things}`,
    max_length: `it has over ${limit} ${things}`,
    base64: 'it is not Base64',
    uuid: 'it is not a card token',
  };
  // All other issue types have their own message.
  return messages[type] ?? message;
}

function keysOf({ path }: Issue): Path {
  return (path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
}

/** Parses a value after its variables were replaced. If the schema expects a number, numeric text is accepted. */
export function parseFilled<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.SafeParseResult<Schema> {
  const parsed = v.safeParse(schema, value);
  const numbers = (parsed.issues ?? [])
    .flatMap(everyIssue)
    .filter(({ expected, input }) => expected === 'number' && isNumber(input));
  if (numbers.length === 0) return parsed;
  const read = numbers.reduce<unknown>((whole, { path = [], input }) => {
    const keys = path.map(({ key }) => key);
    return replaced(whole, keys, Number(input));
  }, value);
  return v.safeParse(schema, read);
}

function everyIssue(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown>[] {
  return [issue, ...innerOf(issue).flatMap(everyIssue)];
}

export function isNumber(text: unknown): text is string {
  return typeof text === 'string' && /^-?\d{1,15}(\.\d{1,9})?$/.test(text);
}

function replaced(whole: unknown, [key, ...deeper]: unknown[], value: number): unknown {
  if (key === undefined) return value;
  if (Array.isArray(whole))
    return whole.map((one: unknown, index) => (index === key ? replaced(one, deeper, value) : one));
  if (!isMapping(whole) || typeof key !== 'string') return whole;
  return { ...whole, [key]: replaced(whole[key], deeper, value) };
}
