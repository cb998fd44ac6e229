import { hash } from 'node:crypto';
import type { Waiting } from '../journal/journal.ts';

/** Age at which a waiting row is given up, in milliseconds. The trigger in the schema of the journal repeats this number. */
export const LONGEST_WAIT_MS: number = 14 * 86_400_000;

/** Time without a server that forwards to it after which a target is retired, while other servers run, in milliseconds. */
export const UNSERVED_MS: number = 86_400_000;

/** Maximum number of waiting rows for each target. If more rows wait, the oldest are given up. */
export const MOST_WAITING = 100_000;

/** Number of deliveries after which a row that the target refuses is given up, so that it does not block later ones. */
export const MOST_REFUSALS = 3;

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** Number of hexadecimal digits that tell apart the targets on one host. */
const DIGITS = 8;

/** Returns the pause after a number of failed deliveries, in milliseconds. */
export function pauseAfter(tries: number): number {
  return tries === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
}

/** Returns the time until a row is due, in milliseconds. A calendar that was set back does not lengthen it. */
export function dueIn({ tries, dueAt }: Waiting, now: number): number {
  return Math.min(Math.max(dueAt - now, 0), pauseAfter(tries));
}

/** True if a row has waited for too long. */
export function isOld({ storedAt }: Pick<Waiting, 'storedAt'>, now: number): boolean {
  return storedAt < Math.trunc(now - LONGEST_WAIT_MS);
}

/**
 * Returns the name of a target of events, for the journal, metrics and messages: its host, and digits of a hash, because a
 * path or query may be a secret.
 */
export function nameOfTarget(url: URL): string {
  return `${url.host}-${hash('sha256', url.href).slice(0, DIGITS)}`;
}
