import { Failure } from '../errors/failure.ts';
import { printable } from '../text/terminal-text.ts';
import { parseDuration } from './duration.ts';
import { parseVendorTime } from './vendor-time.ts';

/**
 * Reads a time as flags write it: how long ago, or a moment.
 * @param text `2h`, `90d`, `2026-11-22T10:15:00Z`, `2026-11-22T10:15:00+01:00`
 * @param now milliseconds since the epoch
 * @returns milliseconds since the epoch
 * @throws Failure `usage`, naming the flag
 */
export function parsePointInTime(text: string, { flag, now }: { flag: string; now: number }): number {
  const moment = parseVendorTime(text);
  if (moment) return moment.milliseconds;
  try {
    return now - parseDuration(text);
  } catch {
    throw new Failure('usage', `${flag}: “${printable(text)}” is neither a duration nor a time.`, {
      hint: 'Write how long ago, like 30m, 2h or 7d, or a time like 2026-11-22T10:15:00Z.',
    });
  }
}
