import { codesOf } from '../domain/errors/error-catalogue.ts';
import { type ErrorKind, RETRY_ADVICE, type RetryAdvice } from '../domain/errors/vendor-errors.ts';
import { type Runbook, type RunbookPage, refuseRetry } from '../domain/runbook.ts';
import { type Diagnostic, isMapping, kindOf, orNearest, type Place } from '../input/diagnostic.ts';

interface CheckedRunbook {
  runbook: Runbook;
  /** If there are mistakes, the runbook can't be used. */
  mistakes: Diagnostic[];
  warnings: Diagnostic[];
}

const SECTIONS: Record<string, ErrorKind> = { production: 'production', request: 'request' };
const FIELDS = ['owner', 'steps', 'link', 'contact', 'retry'];

/** Maximum number of characters of a text. */
const LONGEST_TEXT = 1_000;
const MOST_STEPS = 50;
/** Maximum number of keys in a mapping. */
const MOST_NAMES = 1_000;

/** Validates the parsed content of a runbook file. */
export function checkRunbook(content: unknown): CheckedRunbook {
  const check = new Check();
  const pages = check.file(content);
  return { runbook: { pages }, mistakes: check.mistakes, warnings: check.warnings };
}

type Path = Place['path'];

/** Parses a runbook and collects its mistakes and warnings. */
class Check {
  readonly mistakes: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];

  file(content: unknown): RunbookPage[] {
    const sections = this.#mapping(content, [], ['version', ...Object.keys(SECTIONS)]);
    if (!sections) return [];
    if (!Object.hasOwn(sections, 'version')) this.#wrong([], 'version: 1 is missing');
    else if (sections.version !== 1)
      this.#wrong(['version'], 'this version of kioskctl reads version 1 of runbooks');
    return Object.entries(SECTIONS).flatMap(([name, kind]) =>
      Object.hasOwn(sections, name) ? this.#section(sections[name], [name], kind) : [],
    );
  }

  #section(content: unknown, path: Path, kind: ErrorKind): RunbookPage[] {
    if (content === null) return [];
    const codes = this.#mapping(content, path);
    return Object.entries(codes ?? {}).flatMap(([code, page]) => {
      this.#code(code, [...path, code], kind);
      return this.#page(page, [...path, code], { kind, code });
    });
  }

  /** Checks an error code. An unknown code is a warning, because Wise adds codes; a malformed one is a mistake. */
  #code(code: string, path: Path, kind: ErrorKind): void {
    if (codesOf(kind).includes(code)) return;
    const other = kind === 'request' ? 'production' : 'request';
    if (codesOf(other).includes(code)) {
      const what = other === 'request' ? 'an answer to a request' : 'the end of a production';
      this.#wrong(path, `${code} is ${what}: it belongs below “${other}:”`, 'key');
    } else if (!/^[A-Z][A-Z0-9_]*$/.test(code)) {
      this.#wrong(
        path,
        `“${code}” is not an error code${orNearest(code.toUpperCase(), codesOf(kind))}`,
        'key',
      );
    } else {
      const message = `the catalogue has no ${kind} error ${code}${orNearest(code, codesOf(kind))}`;
      this.warnings.push({ path, at: 'key', message });
    }
  }

  #page(content: unknown, path: Path, { kind, code }: { kind: ErrorKind; code: string }): RunbookPage[] {
    if (content === null) return [];
    const fields = this.#mapping(content, path, FIELDS);
    if (!fields) return [];
    const given = (field: string) =>
      Object.hasOwn(fields, field) && fields[field] !== null ? fields[field] : undefined;
    const page = {
      kind,
      code,
      owner: this.#text(given('owner'), [...path, 'owner']),
      steps: this.#steps(given('steps'), [...path, 'steps']),
      link: this.#link(given('link'), [...path, 'link']),
      contact: this.#text(given('contact'), [...path, 'contact']),
      retry: this.#retry(given('retry'), [...path, 'retry'], { kind, code }),
    };
    const isEmpty = FIELDS.every((field) => given(field) === undefined);
    return isEmpty ? [] : [page];
  }

  #steps(value: unknown, path: Path): string[] {
    if (value === undefined) return [];
    const steps: unknown[] = Array.isArray(value) ? value : [value];
    if (steps.length > MOST_STEPS) this.#wrong(path, `more than ${MOST_STEPS} steps`);
    return steps.flatMap((step, index) => {
      const text = this.#text(step, Array.isArray(value) ? [...path, index] : path);
      return text === null ? [] : [text];
    });
  }

  #text(value: unknown, path: Path): string | null {
    if (value === undefined) return null;
    if (typeof value !== 'string') {
      this.#wrong(
        path,
        `it is ${kindOf(value)}, not text${typeof value === 'object' ? '' : ': put it in quotes'}`,
      );
      return null;
    }
    const text = value.trim();
    if (text === '') this.#wrong(path, 'it is empty');
    if (text.length > LONGEST_TEXT) this.#wrong(path, `it has over ${LONGEST_TEXT} characters`);
    return text;
  }

  #link(value: unknown, path: Path): string | null {
    const text = this.#text(value, path);
    if (text === null || text === '') return text;
    const url = URL.parse(text);
    if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
      this.#wrong(path, 'it is not a web address (https://…)');
    else if (url.username !== '' || url.password !== '')
      this.#wrong(path, 'a web address here has no credentials in it');
    return text;
  }

  #retry(value: unknown, path: Path, { kind, code }: { kind: ErrorKind; code: string }): RetryAdvice | null {
    const text = this.#text(value, path);
    if (text === null || text === '') return null;
    const retry = RETRY_ADVICE.find((advice) => advice === text) ?? null;
    const why = retry
      ? refuseRetry(kind, code, retry)
      : `“${text}” is not valid: use ${RETRY_ADVICE.slice(0, -1).join(', ')} or ${RETRY_ADVICE.at(-1)}`;
    if (why !== null) this.#wrong(path, why);
    return retry;
  }

  /** Returns a mapping; null for any other value. @param known allowed keys; undefined allows all */
  #mapping(content: unknown, path: Path, known?: readonly string[]): Record<string, unknown> | null {
    if (!isMapping(content)) {
      const what = path.length === 0 && content === null ? 'it is empty' : `it is ${kindOf(content)}`;
      this.#wrong(path, `${what}, not a mapping of names to values`);
      return null;
    }
    const keys = Object.keys(content);
    if (keys.length > MOST_NAMES) {
      this.#wrong(path, `it has over ${MOST_NAMES} names`);
      return null;
    }
    for (const key of keys) {
      if (known && !known.includes(key))
        this.#wrong([...path, key], `there is no “${key}” here${orNearest(key, known)}`, 'key');
    }
    return content;
  }

  #wrong(path: Path, message: string, at: Place['at'] = 'value'): void {
    this.mistakes.push({ path, at, message });
  }
}
