import type * as v from 'valibot';
import { isMapping, kindOf, orNearest, type Remark } from '../input/diagnostic.ts';
import { isTemplate } from './interpolate.ts';
import { FAULT_FIELDS, FIELDS_BELOW, PLAIN_WORDS, STEP_WORDS, withoutColon } from './steps/definitions.ts';
import { noSuchField } from './steps/values.ts';

type Issue = v.BaseIssue<unknown>;
type Path = Remark['path'];

interface Telling {
  /** Where what was checked stands. */
  path: Path;
  /** May the value be shown? Not where it may be about a person. */
  quotes: boolean;
}

/** The rest shows once these are corrected. */
const MOST_ISSUES = 200;

const STEP_OPTIONS = ['name', 'timeout', 'on-failure'];

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  null: 'nothing',
};

/** What a schema says of a value, as what its user should know. What only its `${…}` decide is left out. */
export function remarksOf(issues: readonly Issue[], telling: Telling): Remark[] {
  return issues
    .slice(0, MOST_ISSUES)
    .flatMap(clearest)
    .map((issue) => {
      const list = listAt(issue, telling);
      if (list) return list;
      const keys = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
      const isMissing = issue.received === 'undefined';
      const path = [...telling.path, ...(isMissing ? keys.slice(0, -1) : keys)];
      const isKey = !isMissing && issue.path?.at(-1)?.origin === 'key';
      const message = isMissing ? `“${keys.at(-1)}” is missing` : messageOf(issue, path, telling);
      return { path, at: isKey ? 'key' : 'value', message };
    });
}

/** To the library, a list is an object, too. */
function listAt(issue: Issue, { path }: Telling): Remark | null {
  const last = issue.path?.at(-1);
  if (issue.type !== 'strict_object' || last?.type !== 'object' || !Array.isArray(last.input)) return null;
  return {
    path: [...path, ...keysOf(issue).slice(0, -1)],
    at: 'value',
    message: 'it is a list, not a mapping of names to values',
  };
}

/** Of the ways in which none of several shapes fits, the one that came furthest. */
function clearest(issue: Issue): Issue[] {
  if (isTemplate(issue.input)) return [];
  if (issue.type !== 'union' || !issue.issues) return [issue];
  if (isStep(keysOf(issue)) && typeof issue.input === 'string') return [issue];
  const inner = innerOf(issue);
  const depth = keysOf(issue).length;
  const furthest = inner.filter((one) => keysOf(one).length > depth);
  if (furthest.length > 0) return furthest.flatMap(clearest);
  const told = inner.filter(({ kind, type }) => kind !== 'schema' || type === 'picklist');
  const [first] = told.length > 0 ? told : inner;
  return first ? clearest(first) : [issue];
}

/** What each of the shapes of a union said, with whole paths: theirs begin at the union. */
export function innerOf({ issues, path }: Issue): Issue[] {
  return (issues ?? []).map((inner) => {
    const [first, ...rest] = [...(path ?? []), ...(inner.path ?? [])];
    return first ? { ...inner, path: [first, ...rest] } : inner;
  });
}

function messageOf(issue: Issue, path: Path, { quotes }: Telling): string {
  const { type, input, expected } = issue;
  if (issue.kind !== 'schema') return requirementOf(issue);
  const isPrivate = path.includes('order') || path[0] === 'variables';
  const shown =
    quotes && !isPrivate && (typeof input === 'string' || typeof input === 'number') ? `“${input}”` : 'it';
  if (isStep(path) && expected !== 'never')
    return typeof input === 'string' ? noSuchStep(input) : `it is ${kindOf(input)}, not a step`;
  if (type === 'strict_object' && expected === 'never') return unknownField(issue, path);
  if (['picklist', 'literal', 'variant'].includes(type)) return noSuchWord(issue, shown);
  if (typeof expected !== 'string') return issue.message;
  const wanted = NOUNS[type] ?? (type === 'union' ? 'what can stand here' : 'a mapping of names to values');
  const [option] = type === 'null' && isMapping(input) ? Object.keys(input) : [];
  if (option !== undefined && STEP_OPTIONS.includes(option)) return besideStep(option, path.at(-1));
  const isBare = path.length === 0 && input === null;
  return isBare ? `it is empty, not ${wanted}` : `it is ${kindOf(input)}, not ${wanted}`;
}

function unknownField(issue: Issue, path: Path): string {
  const { input, message } = issue;
  const field = String(input);
  const parent = path.slice(0, -1);
  if (isStep(parent)) return belowStep(field, issue) ?? noSuchStep(field);
  if (STEP_OPTIONS.includes(field) && isStep(parent.slice(0, -1))) return besideStep(field, parent.at(-1));
  return parent.at(-1) === 'fault' ? noSuchField(field, FAULT_FIELDS) : message;
}

function besideStep(option: string, word: string | number | undefined): string {
  return `“${option}” stands beside “${word}”, not below it: move it to the left`;
}

/** A field that stands beside the word that it belongs to. */
function belowStep(field: string, { path }: Issue): string | null {
  const step = path?.at(-1)?.input;
  const word = isMapping(step)
    ? Object.keys(step).find((word) => FIELDS_BELOW.get(word)?.includes(field))
    : undefined;
  return word === undefined ? null : `“${field}” belongs below “${word}”: move it to the right`;
}

function noSuchStep(word: string): string {
  const [first = '', ...rest] = word.split(' ');
  if (rest.length > 0 && STEP_WORDS.includes(first)) return withoutColon(first, rest.join(' '));
  if (!STEP_WORDS.includes(word))
    return `there is no step “${word}”${orNearest(word, [...STEP_WORDS, ...STEP_OPTIONS])}`;
  const isPlain = PLAIN_WORDS.some((plain) => plain === word);
  return isPlain ? `“${word}” can't stand here` : `“${word}” says nothing: write “${word}: …”`;
}

/** `expected` names all words that may stand there, in quotes. */
function noSuchWord({ expected, input }: Issue, shown: string): string {
  const words = [...(expected ?? '').matchAll(/"([^"]*)"|\b(\d+)\b/g)].map(
    ([, word, number]) => word ?? number ?? '',
  );
  const meant = typeof input === 'string' ? orNearest(input, words) : '';
  if (words.length === 1) return `${shown} is not ${words.join()}`;
  if (meant !== '' && shown !== 'it') return `there is no ${shown}${meant}`;
  return words.length > 12
    ? `${shown} is none that is known here`
    : `${shown} is none of ${words.join(', ')}`;
}

function requirementOf({ type, message, requirement, input }: Issue): string {
  const things = Array.isArray(input) ? 'items' : 'characters';
  switch (type) {
    case 'integer':
    case 'safe_integer':
      return 'it is not a whole number';
    case 'min_value':
      return `it is less than ${String(requirement)}`;
    case 'max_value':
      return `it is more than ${String(requirement)}`;
    case 'min_length':
      return requirement === 1 ? 'it is empty' : `it has less than ${String(requirement)} ${things}`;
    case 'max_length':
      return `it has over ${String(requirement)} ${things}`;
    case 'base64':
    case 'uuid':
      return `it is not ${type === 'uuid' ? 'a card token' : 'Base64'}`;
    // Ours, or the wire's.
    default:
      return message;
  }
}

function keysOf(issue: Issue): Path {
  return (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
}

/** Does a path lead to a step? */
function isStep(path: Path): boolean {
  return typeof path.at(-1) === 'number' && path.at(-2) === 'steps';
}
