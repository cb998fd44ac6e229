import { orNearest, type Remark } from '../input/diagnostic.ts';
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
