import { Failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import type { RateLimit } from '../../wise/permit.ts';
import { WISE_RATE_LIMITS } from '../../wise/rate-limiter.ts';
import type { Settings } from './settings.ts';

/** The flags with which a user sets rate limits for a command. */
export interface RateLimitFlags {
  /** Requests a second, and a minute. */
  'limit-rps'?: string | undefined;
  'limit-rpm'?: string | undefined;
}

const WINDOWS = [
  { flag: 'limit-rps', within: 1_000 },
  { flag: 'limit-rpm', within: 60_000 },
] as const;

/**
 * Returns the rate limits of a command. Those of Wise always apply. The embedded sandbox has none, and limits set for it
 * count in its time: at speed 6, a minute takes 10 seconds.
 * @returns undefined without limits
 * @throws Failure `usage`
 */
export function rateLimitsOf(
  flags: RateLimitFlags,
  { environment, sandboxSpeed }: Pick<Settings, 'environment' | 'sandboxSpeed'>,
): readonly RateLimit[] | undefined {
  const isLocal = environment === 'local';
  const set = WINDOWS.flatMap(({ flag, within }) => {
    const text = flags[flag];
    if (text === undefined) return [];
    return [{ requests: toRequests(flag, text), within: isLocal ? within / sandboxSpeed : within }];
  });
  if (!isLocal) return [...WISE_RATE_LIMITS, ...set];
  return set.length === 0 ? undefined : set;
}

function toRequests(flag: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new Failure('usage', `--${flag}: “${printable(text)}” is not a number of requests.`, {
    hint: `Give a whole number from 1, like --${flag} 10.`,
  });
}
