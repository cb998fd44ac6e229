import { asFailure, failure } from '../../domain/errors/failure.ts';

/** Flags that affect settings. No command has all of them. */
export interface SettingFlags {
  context?: string | undefined;
  environment?: string | undefined;
  'base-url'?: string | undefined;
  'profile-id'?: string | undefined;
  timeout?: string | undefined;
  interval?: string | undefined;
}

export interface RateLimitFlags {
  /** Maximum number of requests per second. */
  'limit-rps'?: string | undefined;
  /** Maximum number of requests per minute. */
  'limit-rpm'?: string | undefined;
}

export interface ContextFlags extends SettingFlags, RateLimitFlags {
  kiosk?: string | readonly string[] | undefined;
  quiet?: boolean;
  watch?: boolean;
  verbose?: boolean;
  debug?: boolean;
  reason?: string | undefined;
  confirm?: string | undefined;
  yes?: boolean;
  'no-input'?: boolean;
  'token-file'?: string | undefined;
  'token-stdin'?: boolean;
  runbook?: string | undefined;
}

export interface Origin {
  source: 'flag' | 'variable' | 'project-file' | 'settings-file' | 'context' | 'default';
  /** Name of the flag, variable, field or context, or path of the project file; null for a default value. */
  from: string | null;
}

export interface Found<Value> {
  value: Value;
  origin: Origin;
}

/** Returns a default value with its origin. */
export function byDefault<Value>(value: Value): Found<Value> {
  return { value, origin: { source: 'default', from: null } };
}

/**
 * Parses a value from the user. Failures name its source.
 * @param source `--timeout`, `KIOSKCTL_TIMEOUT`
 * @returns undefined if not set
 * @throws Failure `usage` for an empty value (in scripts, usually an unset variable), and the failures of `parse`
 */
export function readGiven<Value>(
  text: string | undefined,
  source: string,
  parse: (text: string) => Value,
): Value | undefined {
  if (text === undefined) return undefined;
  if (text.trim() === '') {
    throw failure('usage', `${source} is empty.`, 'Set a value, or leave it out.');
  }
  try {
    return parse(text);
  } catch (error) {
    const { code, message, hint } = asFailure(error);
    throw failure(code, `${source}: ${message}`, hint);
  }
}

interface Place {
  flag?: keyof SettingFlags | undefined;
  variable?: string | undefined;
}

/** Flags and environment variables. Flags take precedence. */
export class Sources {
  readonly #flags: SettingFlags;
  readonly #env: NodeJS.ProcessEnv;

  constructor(flags: SettingFlags, env: NodeJS.ProcessEnv) {
    this.#flags = flags;
    this.#env = env;
  }

  read<Value>(place: Place, parse: (text: string) => Value): Value | undefined {
    return this.find(place, parse)?.value;
  }

  /** Reads a value with its origin. */
  find<Value>({ flag, variable }: Place, parse: (text: string) => Value): Found<Value> | undefined {
    const given = flag && readGiven(this.#flags[flag], `--${flag}`, parse);
    if (given !== undefined) return { value: given, origin: { source: 'flag', from: `--${flag}` } };
    const value = variable === undefined ? undefined : readGiven(this.#env[variable], variable, parse);
    return value === undefined
      ? undefined
      : { value, origin: { source: 'variable', from: variable ?? null } };
  }

  /** True if a variable is set, even to an empty value. */
  has(variable: string): boolean {
    return this.#env[variable] !== undefined;
  }
}

/** Parses a name, which may be any text. */
export function asName(text: string): string {
  return text;
}
