import { Failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { type Ceiling, WISE_CEILINGS } from '../../wise/rate-limiter.ts';
import type { Settings } from './settings.ts';

/** Ceilings that a user sets for a command, as flags give them. */
export interface CeilingFlags {
  /** Requests a second, and a minute. */
  'limit-rps'?: string | undefined;
  'limit-rpm'?: string | undefined;
}

const WINDOWS = [
  { flag: 'limit-rps', within: 1_000 },
  { flag: 'limit-rpm', within: 60_000 },
] as const;

/**
 * How many requests may go out in which time. The vendor's own ceilings hold whatever is set; the embedded sandbox has none,
 * and what is set for it counts in its time: at speed 6, a minute takes 10 seconds.
 * @returns undefined where there is no ceiling
 * @throws Failure `usage`
 */
export function ceilingsOf(
  flags: CeilingFlags,
  { environment, sandboxSpeed }: Pick<Settings, 'environment' | 'sandboxSpeed'>,
): readonly Ceiling[] | undefined {
  const isLocal = environment === 'local';
  const set = WINDOWS.flatMap(({ flag, within }) => {
    const text = flags[flag];
    if (text === undefined) return [];
    return [{ requests: toRequests(flag, text), within: isLocal ? within / sandboxSpeed : within }];
  });
  if (!isLocal) return [...WISE_CEILINGS, ...set];
  return set.length === 0 ? undefined : set;
}

function toRequests(flag: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new Failure('usage', `--${flag}: “${printable(text)}” is not a number of requests.`, {
    hint: `Give a whole number from 1, like --${flag} 10.`,
  });
}
