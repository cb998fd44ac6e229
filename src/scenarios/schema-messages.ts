import type * as v from 'valibot';
import { isMapping, kindOf, orNearest, type Place, type Remark } from '../input/diagnostic.ts';
import { isTemplate } from './interpolate.ts';

type Issue = v.BaseIssue<unknown>;
type Path = Place['path'];

interface Checked {
  schema: v.GenericSchema;
  /** The place of the value. */
  path: Path;
  /** Shows wrong values: not where they may be about a person. */
  quotes: boolean;
}

/** The rest shows once these are corrected. */
export const MOST_ISSUES = 200;

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  null: 'nothing',
  union: 'what can stand here',
};

/** Returns what a schema found in a value, for its user. Values that are still to be filled in are left out. */
export function toRemarks(issues: readonly Issue[], checked: Checked): Remark[] {
  const remarks = issues
    .slice(0, MOST_ISSUES)
    .flatMap(clearest)
    .map((issue) => toRemark(issue, checked));
  return [...new Map(remarks.map((one) => [`${one.path.join('.')} ${one.message}`, one])).values()];
}

function toRemark(issue: Issue, checked: Checked): Remark {
  const keys = keysOf(issue);
  const above = { path: [...checked.path, ...keys.slice(0, -1)], at: 'value' as const };
  const last = issue.path?.at(-1);
  if (issue.received === 'undefined') return { ...above, message: `“${keys.at(-1)}” is missing` };
  // To the library, a list is an object, too.
  if (last?.type === 'object' && Array.isArray(last.input))
    return { ...above, message: 'it is a list, not a mapping of names to values' };
  return {
    path: [...checked.path, ...keys],
    at: last?.origin === 'key' ? 'key' : 'value',
    message: messageOf(issue, checked),
  };
}

/** Returns the issues of that shape of a union which fits furthest. */
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

/** The issues of each shape of a union, with whole paths: theirs begin at the union. */
export function innerOf({ issues, path }: Issue): Issue[] {
  return (issues ?? []).map((inner) => {
    const [first, ...rest] = [...(path ?? []), ...(inner.path ?? [])];
    return first ? { ...inner, path: [first, ...rest] } : inner;
  });
}

function messageOf(issue: Issue, { schema, path, quotes }: Checked): string {
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

/** Returns the names of the fields that a schema has where a path leads. */
export function fieldsOf(schema: unknown, path: Path = []): string[] {
  if (!isMapping(schema)) return [];
  const { entries, options, wrapped, value } = schema;
  const [key, ...deeper] = path;
  const shapes = [...(Array.isArray(options) ? options : []), wrapped];
  const inner = [...shapes.flatMap((one: unknown) => fieldsOf(one, path)), ...fieldsOf(value, deeper)];
  if (!isMapping(entries)) return [...new Set(inner)];
  return key === undefined ? Object.keys(entries) : fieldsOf(entries[key], deeper);
}

/** Describes a word that is not allowed. `expected` has all allowed words in quotes. */
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
  // All others have messages of their own.
  return messages[type] ?? message;
}

function keysOf({ path }: Issue): Path {
  return (path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
}
