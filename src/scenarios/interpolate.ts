import { isMapping, orNearest, type Remark } from '../input/diagnostic.ts';
import { STEP_WORDS } from './steps/definitions.ts';
import type { Value } from './steps/step.ts';

/** The names that a value goes by, innermost first. */
export interface Scope {
  readonly name: string;
  readonly value: Value;
  readonly outer: Scope | null;
}

type Path = Remark['path'];

/** `$${` stands for `${`; a `${` that nothing closes is a mistake. */
const TOKEN = /\$\$\{|\$\{([^{}]*)\}|\$\{/g;
const REFERENCE = /^[A-Za-z_][\w-]*(\.[\w-]+)*$/;

/** Is there something to be filled in? */
export function isTemplate(value: unknown): value is string {
  return typeof value === 'string' && value.includes('${');
}

/** The references of a text, like `entry.code`, and what in it can't be one. */
export function referencesIn(text: string): { references: string[]; wrong: string | null } {
  const references: string[] = [];
  let wrong: string | null = null;
  for (const [token, inner] of text.matchAll(TOKEN)) {
    if (token === '$${') continue;
    const reference = inner?.trim();
    if (reference === undefined) wrong ??= 'a “${” has no “}”; a plain one is written $${';
    else if (!REFERENCE.test(reference))
      wrong ??= 'between “${” and “}” stands a name, or name.field: nothing is computed there';
    else references.push(reference);
  }
  return { references, wrong };
}

/** Every text in a value, with the keys that lead to it. */
export function* textsIn(value: unknown, path: Path): Generator<{ text: string; path: Path }> {
  if (typeof value === 'string') yield { text: value, path };
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value))
      yield* textsIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}

export interface Filling {
  scope: Scope | null;
  /** A field that is nothing but a variable without a value is left out. */
  leavesOut: boolean;
  wrong: (path: Path, message: string) => void;
}

/** The value with all `${…}` replaced. Text that is nothing but one reference takes over its value's type. */
export function fillIn(value: unknown, path: Path, filling: Filling): unknown {
  if (typeof value === 'string') return isTemplate(value) ? fillText(value, path, filling) : value;
  if (Array.isArray(value)) return value.map((one, index) => fillIn(one, [...path, index], filling));
  if (typeof value !== 'object' || value === null) return value;
  const filled = Object.entries(value).map(
    ([key, inner]) => [key, fillIn(inner, [...path, key], filling), inner] as const,
  );
  return Object.fromEntries(
    filled.filter(([, now, before]) => !(filling.leavesOut && now === null && before !== null)),
  );
}

function fillText(text: string, path: Path, { scope, wrong }: Filling): unknown {
  const [, whole] = /^\$\{([^{}]*)\}$/.exec(text) ?? [];
  if (whole !== undefined) return lookUp(whole.trim(), { scope, wrong: (message) => wrong(path, message) });
  return text.replaceAll(TOKEN, (token, inner: string | undefined) => {
    if (token === '$${') return '${';
    const name = inner?.trim() ?? '';
    const value = lookUp(name, { scope, wrong: (message) => wrong(path, message) });
    if (value === undefined) return '';
    if (typeof value === 'object') {
      wrong(
        path,
        `\${${name}} ${value === null ? 'has no value' : 'is a list or a mapping: it can’t be a part of text'}`,
      );
      return '';
    }
    return String(value);
  });
}

/** @returns undefined after a mistake */
function lookUp(
  reference: string,
  { scope, wrong }: { scope: Scope | null; wrong: (message: string) => void },
): Value | undefined {
  let at = find(reference, scope);
  if (at) return at.value;
  const [name = '', ...fields] = reference.split('.');
  at = find(name, scope);
  if (!at) {
    wrong(`there is no variable “${name}”`);
    return undefined;
  }
  let value: Value = at.value;
  for (const field of fields) {
    const inner: Value | undefined =
      isFields(value) && Object.hasOwn(value, field) ? value[field] : undefined;
    if (inner === undefined) {
      const meant = isFields(value) ? orNearest(field, Object.keys(value)) : '';
      wrong(`\${${reference}}: there is no “${field}” in it${meant}`);
      return undefined;
    }
    value = inner;
  }
  return value;
}

function find(name: string, scope: Scope | null): Scope | null {
  for (let at = scope; at; at = at.outer) if (at.name === name) return at;
  return null;
}

function isFields(value: Value): value is { readonly [name: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A step as the file has it, whatever is wrong with it. */
export interface WrittenStep {
  word: string;
  path: Path;
  body: unknown;
  options: Record<string, unknown>;
  /** Of a loop. */
  as: string | null;
  inner: WrittenStep[];
}

/** Names that are always there, besides the variables of the file. */
export const BUILT_IN = ['card.number', 'run.id', 'kiosk'];

/** Of an order's fields, what is never about a person. */
const IMPERSONAL = new Set(['profileId', 'program', 'deliveryOption']);

/** The steps of a list, as far as they can be told apart. */
export function readSteps(content: unknown, path: Path): WrittenStep[] {
  return (Array.isArray(content) ? content : []).flatMap((step: unknown, index) => {
    const at = [...path, index];
    if (typeof step === 'string')
      return STEP_WORDS.includes(step)
        ? [{ word: step, path: at, body: null, options: {}, as: null, inner: [] }]
        : [];
    if (!isMapping(step)) return [];
    const word = Object.keys(step).find((key) => STEP_WORDS.includes(key));
    return word === undefined ? [] : [readStep(step, word, at)];
  });
}

function readStep(step: Record<string, unknown>, word: string, path: Path): WrittenStep {
  const { [word]: body, ...options } = step;
  const loop = (word === 'repeat' || word === 'for-each') && isMapping(body) ? body : null;
  return {
    word,
    path,
    body: loop ? (loop.times ?? loop.in) : body,
    options,
    as: typeof loop?.as === 'string' ? loop.as : null,
    inner: loop ? readSteps(loop.steps, [...path, word, 'steps']) : [],
  };
}

/** The names that a value is filled in with, without their fields. */
export function namesIn(value: unknown): string[] {
  return [...textsIn(value, [])].flatMap(({ text }) => referencesIn(text).references).map(firstOf);
}

/** Which names orders are made of; a loop's name stands for what the loop goes through, too. */
export function orderNames(steps: readonly WrittenStep[]): Set<string> {
  const all = [...everyStep(steps)];
  const names = new Set(
    all
      .filter(({ word }) => word === 'order')
      .flatMap(({ body }) => (isMapping(body) ? Object.entries(body) : []))
      .flatMap(([field, value]) => (IMPERSONAL.has(field) ? [] : namesIn(value))),
  );
  // Inner loops come after those around them: back to front, each leads to what its own name stands for.
  for (const { as, body } of all.toReversed()) {
    if (as !== null && names.has(as)) for (const name of namesIn(body)) names.add(name);
  }
  // And back again: another loop through the same list has the same persons. Outer ones come first.
  for (const { word, as, body } of all) {
    if (word === 'for-each' && as !== null && namesIn(body).some((name) => names.has(name))) names.add(as);
  }
  for (const builtIn of BUILT_IN) names.delete(firstOf(builtIn));
  return names;
}

export function* everyStep(steps: readonly WrittenStep[]): Generator<WrittenStep> {
  for (const step of steps) {
    yield step;
    yield* everyStep(step.inner);
  }
}

/** Names that nothing has, and `${` that can't be read. @param known the variables of the file */
export function checkReferences(steps: readonly WrittenStep[], known: readonly string[]): Remark[] {
  return steps.flatMap(({ word, path, body, options, as, inner }) => {
    const bodyPath = [...path, word, ...loopKey(word)];
    return [
      ...checkTexts(body, bodyPath, known),
      ...checkTexts(options, path, known),
      ...(as === null ? [] : checkLoopName(as, [...path, word, 'as'], known)),
      ...checkReferences(inner, as === null ? known : [...known, as]),
    ];
  });
}

export function loopKey(word: string): string[] {
  return word === 'repeat' ? ['times'] : word === 'for-each' ? ['in'] : [];
}

function checkTexts(value: unknown, path: Path, known: readonly string[]): Remark[] {
  return [...textsIn(value, path)].flatMap(({ text, path }) => {
    const { references, wrong } = referencesIn(text);
    const unknown = references
      .filter((reference) => !BUILT_IN.includes(reference) && !known.includes(firstOf(reference)))
      .map(
        (reference) => `there is no variable “${reference}”${orNearest(reference, [...known, ...BUILT_IN])}`,
      );
    return [...(wrong === null ? [] : [wrong]), ...unknown].map((message) => ({
      path,
      at: 'value',
      message,
    }));
  });
}

function checkLoopName(as: string, path: Path, known: readonly string[]): Remark[] {
  const isTaken = known.includes(as) || ['card', 'run', 'kiosk'].includes(as);
  return isTaken ? [{ path, at: 'value', message: `“${as}” is the name of something else already` }] : [];
}

function firstOf(reference: string): string {
  return reference.split('.')[0] ?? '';
}
