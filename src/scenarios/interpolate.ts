import { orNearest, type Place } from '../input/diagnostic.ts';

type Path = Place['path'];

/** Value of a variable: text, number, boolean, or a list for `for-each`. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

/** A name and its value, linked to the enclosing scope. */
export interface Scope {
  readonly name: string;
  readonly value: Value;
  readonly outer: Scope | null;
}

/** Matches `$${` (an escaped `${`), a reference `${…}`, and an unclosed `${` (a mistake). */
const TOKEN = /\$\$\{|\$\{([^{}]*)\}|\$\{/g;
const REFERENCE = /^[A-Za-z_][\w-]*(\.[\w-]+)*$/;

/** Names that every scenario can use without declaring them. */
export const BUILT_IN = ['card.number', 'run.id', 'kiosk'];

/** True for text that contains `${…}`. */
export function isTemplate(value: unknown): value is string {
  return typeof value === 'string' && value.includes('${');
}

/** Yields every text in a value, with its path. */
export function* textsIn(value: unknown, path: Path): Generator<{ text: string; path: Path }> {
  if (typeof value === 'string') yield { text: value, path };
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value))
      yield* textsIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}

/** Returns the texts with `${…}` in a value, with their paths. */
export function templatesIn(value: unknown, path: Path): { text: string; path: Path }[] {
  return [...textsIn(value, path)].filter(({ text }) => isTemplate(text));
}

/** Returns the references in a text, like `entry.code`, and the first mistake. */
export function referencesIn(text: string): { references: string[]; wrong: string | null } {
  const references: string[] = [];
  let wrong: string | null = null;
  for (const [token, inner] of text.matchAll(TOKEN)) {
    if (token === '$${') continue;
    const reference = inner?.trim();
    if (reference === undefined) wrong ??= 'a “${” has no “}”; a plain one is written $${';
    else if (!REFERENCE.test(reference))
      wrong ??= 'between “${” and “}” only a name or name.field is allowed';
    else references.push(reference);
  }
  return { references, wrong };
}

/** Returns the names that a value refers to, without fields. */
export function namesIn(value: unknown): string[] {
  return [...textsIn(value, [])].flatMap(({ text }) => referencesIn(text).references.map(nameOf));
}

/** Returns the name in a reference: `entry` for `entry.code`. */
export function nameOf(reference: string): string {
  return reference.split('.')[0] ?? '';
}

interface Interpolation {
  scope: Scope | null;
  /** True to omit fields whose only content is a variable without a value. */
  dropsEmpty: boolean;
  wrong: (path: Path, message: string) => void;
}

/** Replaces all `${…}` in a value. A text that is a single reference gets the type of the variable's value. */
export function interpolate(value: unknown, path: Path, options: Interpolation): unknown {
  if (typeof value === 'string') return isTemplate(value) ? fillText(value, path, options) : value;
  if (Array.isArray(value)) return value.map((one, index) => interpolate(one, [...path, index], options));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(
    ([key, inner]) => [key, interpolate(inner, [...path, key], options), inner] as const,
  );
  return Object.fromEntries(
    fields.filter(([, filled, written]) => !(options.dropsEmpty && filled === null && written !== null)),
  );
}

function fillText(text: string, path: Path, { scope, wrong }: Interpolation): unknown {
  const valueOf = (name: string) => {
    const found = lookUp(name, scope);
    if ('value' in found) return found.value;
    wrong(path, found.wrong);
    return undefined;
  };
  const [, whole] = /^\$\{([^{}]*)\}$/.exec(text) ?? [];
  if (whole !== undefined) return valueOf(whole.trim());
  return text.replaceAll(TOKEN, (token, inner: string | undefined) => {
    if (token === '$${') return '${';
    const name = inner?.trim() ?? '';
    const value = valueOf(name);
    if (value === null) wrong(path, `\${${name}} has no value`);
    else if (typeof value === 'object')
      wrong(path, `\${${name}} is a list or a mapping: it can’t be a part of text`);
    else return String(value ?? '');
    return '';
  });
}

function lookUp(reference: string, scope: Scope | null): { value: Value } | { wrong: string } {
  const whole = find(reference, scope);
  if (whole) return whole;
  const [name = '', ...fields] = reference.split('.');
  const found = find(name, scope);
  if (!found) return { wrong: `there is no variable “${name}”` };
  let { value } = found;
  for (const field of fields) {
    const entries = isFields(value) ? value : {};
    const inner = Object.hasOwn(entries, field) ? entries[field] : undefined;
    if (inner === undefined)
      return {
        wrong: `\${${reference}}: there is no “${field}” in it${orNearest(field, Object.keys(entries))}`,
      };
    value = inner;
  }
  return { value };
}

function find(name: string, scope: Scope | null): Scope | null {
  for (let at = scope; at; at = at.outer) if (at.name === name) return at;
  return null;
}

function isFields(value: Value): value is { readonly [name: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
