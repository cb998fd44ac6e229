import { asFailure, Failure } from '../../domain/failure.ts';

/** The flags that decide where a command goes and how long it takes, as far as it has them. */
export interface SettingFlags {
  context?: string | undefined;
  environment?: string | undefined;
  'base-url'?: string | undefined;
  'profile-id'?: string | undefined;
  kiosk?: string | undefined;
  timeout?: string | undefined;
  interval?: string | undefined;
}

/**
 * Reads a value that somebody gave; what is wrong with it is said together with where it stands.
 * @param source `--timeout`, `KIOSKCTL_TIMEOUT`
 * @returns undefined when nothing was given
 * @throws Failure `usage` for an empty value, which in a script is a variable that was not set, and what `parse` throws
 */
export function readGiven<Value>(
  text: string | undefined,
  source: string,
  parse: (text: string) => Value,
): Value | undefined {
  if (text === undefined) return undefined;
  if (text.trim() === '') {
    throw new Failure('usage', `${source} is empty.`, { hint: 'Give it a value, or leave it out.' });
  }
  try {
    return parse(text);
  } catch (error) {
    const { code, message, hint } = asFailure(error);
    throw new Failure(code, `${source}: ${message}`, { hint });
  }
}

/** Where settings come from, besides the settings file: flags first, then environment variables. */
export class Sources {
  readonly #flags: SettingFlags;
  readonly #env: NodeJS.ProcessEnv;

  constructor(flags: SettingFlags, env: NodeJS.ProcessEnv) {
    this.#flags = flags;
    this.#env = env;
  }

  read<Value>(
    { flag, variable }: { flag?: keyof SettingFlags; variable?: string },
    parse: (text: string) => Value,
  ): Value | undefined {
    const text = flag && this.#flags[flag];
    if (flag && text !== undefined) return readGiven(text, `--${flag}`, parse);
    return variable === undefined ? undefined : readGiven(this.#env[variable], variable, parse);
  }

  /** Is a variable set, if only to nothing? */
  has(variable: string): boolean {
    return this.#env[variable] !== undefined;
  }
}

/** For names, which are taken as they are. */
export function asName(text: string): string {
  return text;
}
