import { isLoopback } from '../domain/text/words.ts';
import {
  type Diagnostic,
  diagnostic,
  isMapping,
  kindOf,
  orNearest,
  type Place,
} from '../input/diagnostic.ts';
import { NOTICE_KINDS, type NoticeKind } from './decide-notices.ts';

/** The formats of notices. `json`: a documented document. `slack`: for incoming webhooks of Slack. */
export const NOTICE_FORMATS = ['json', 'slack'] as const;
export type NoticeFormat = (typeof NOTICE_FORMATS)[number];

/** A receiver of notices. */
export interface NotifyTarget {
  name: string;
  format: NoticeFormat;
  /** A secret: whoever knows the URL can write to the target. */
  url: URL;
  kinds: readonly NoticeKind[];
}

interface CheckedTargets {
  targets: NotifyTarget[];
  /** Mistakes in the file. A file with mistakes is refused. */
  mistakes: Diagnostic[];
}

type Path = Place['path'];

const REQUIRED = ['name', 'format', 'url'];
const FIELDS = [...REQUIRED, 'kinds'];
const MOST_TARGETS = 50;

/** Validates the parsed content of a notify file. No message contains a value of the file, except a name. */
export function checkNotifyFile(content: unknown): CheckedTargets {
  const check = new Check();
  return { targets: check.file(content), mistakes: check.mistakes };
}

class Check {
  readonly mistakes: Diagnostic[] = [];
  readonly #names = new Set<string>();

  file(content: unknown): NotifyTarget[] {
    const fields = this.#mapping(content, [], ['targets']);
    if (!fields) return [];
    const { targets } = fields;
    if (!Array.isArray(targets)) this.#wrong(['targets'], `it is ${kindOf(targets)}, not a list`);
    else if (targets.length === 0) this.#wrong(['targets'], 'it is empty');
    else if (targets.length > MOST_TARGETS) this.#wrong(['targets'], `it has over ${MOST_TARGETS} targets`);
    else return targets.flatMap((one: unknown, index) => this.#target(one, ['targets', index]));
    return [];
  }

  #target(content: unknown, path: Path): NotifyTarget[] {
    const fields = this.#mapping(content, path, FIELDS);
    const missing = REQUIRED.filter((field) => fields && fields[field] === undefined);
    for (const field of missing) this.#wrong(path, `it has no ${field}`);
    if (!fields || missing.length > 0) return [];
    const name = this.#name(fields.name, [...path, 'name']);
    const format = this.#oneOf(fields.format, [...path, 'format'], NOTICE_FORMATS);
    const url = this.#url(fields.url, [...path, 'url']);
    const kinds = this.#kinds(fields.kinds, [...path, 'kinds']);
    return name && format && url && kinds ? [{ name, format, url, kinds }] : [];
  }

  #name(value: unknown, path: Path): string | null {
    if (typeof value !== 'string' || !/^[\w.-]{1,50}$/.test(value)) {
      return this.#wrong(path, 'use 1 to 50 letters, digits, “-”, “_” or “.”');
    }
    if (this.#names.has(value)) return this.#wrong(path, `“${value}” is the name of another target`);
    this.#names.add(value);
    return value;
  }

  #url(value: unknown, path: Path): URL | null {
    const url = typeof value === 'string' ? URL.parse(value) : null;
    if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return url;
    return this.#wrong(path, url?.protocol === 'http:' ? HTTPS_ONLY : 'it is not a web address (https://…)');
  }

  #kinds(value: unknown, path: Path): NoticeKind[] | null {
    if (value === undefined) return [...NOTICE_KINDS];
    if (!Array.isArray(value)) return this.#wrong(path, `it is ${kindOf(value)}, not a list`);
    if (value.length === 0) return this.#wrong(path, 'it is empty: leave it out for all kinds');
    const kinds = value.map((one: unknown, index) => this.#oneOf(one, [...path, index], NOTICE_KINDS));
    return kinds.filter((kind) => kind !== null);
  }

  #oneOf<Word extends string>(value: unknown, path: Path, words: readonly Word[]): Word | null {
    const found = words.find((word) => word === value);
    if (found) return found;
    const meant = typeof value === 'string' ? orNearest(value, words) : '';
    return this.#wrong(path, meant === '' ? `use ${words.join(', ')}` : `it is not valid${meant}`);
  }

  #mapping(content: unknown, path: Path, known: readonly string[]): Record<string, unknown> | null {
    if (!isMapping(content))
      return this.#wrong(path, `it is ${kindOf(content)}, not a mapping of names to values`);
    for (const key of Object.keys(content)) {
      if (known.includes(key)) continue;
      const message = `there is only ${known.join(', ')} here${orNearest(key, known)}`;
      this.mistakes.push(diagnostic([...path, key], message, 'key'));
    }
    return content;
  }

  #wrong(path: Path, message: string): null {
    this.mistakes.push(diagnostic(path, message));
    return null;
  }
}

const HTTPS_ONLY = 'use https: http is only for this machine (127.0.0.1)';
