import { failure } from '../errors/failure.ts';
import { printable } from '../text/terminal-text.ts';
import { parseDuration } from './duration.ts';

/** Formats a time in ISO 8601 and UTC. @param milliseconds since the epoch */
export function utcTime(milliseconds: number): string;
export function utcTime(milliseconds: number | null): string | null;
export function utcTime(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}

const ISO_TIME = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/;

interface VendorTime {
  /** Milliseconds since the epoch. Wise also writes nanoseconds; they are truncated. */
  milliseconds: number;
  /** Precision in milliseconds: 1000 if the text has whole seconds, otherwise 1. */
  precision: 1 | 1_000;
}

/**
 * Parses a time of Wise. Events of schema 2.0.0 have whole seconds, the API milliseconds.
 * @returns undefined for an invalid time, like `2024-01-01T12:24:560Z` in Wise's documentation
 */
export function parseVendorTime(text: string | null): VendorTime | undefined {
  const match = ISO_TIME.exec(text ?? '');
  const milliseconds = match ? Math.floor(Date.parse(match[0])) : Number.NaN;
  if (!match || Number.isNaN(milliseconds)) return undefined;
  const [, year, month, day, fraction] = match;
  // Date.parse accepts 30 February as 2 March.
  if (Number(day) > 28 && Number(day) > daysInMonth(Number(year), Number(month))) return undefined;
  return { milliseconds, precision: fraction === undefined ? 1_000 : 1 };
}

/** @param month 1 for January */
function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/**
 * Compares two times of Wise at the lower of their precisions.
 * @returns a negative number, 0 or a positive number; undefined if a time is invalid (the order is then unknown)
 */
export function compareVendorTimes(left: string | null, right: string | null): number | undefined {
  const [a, b] = [parseVendorTime(left), parseVendorTime(right)];
  if (!a || !b) return undefined;
  const precision = Math.max(a.precision, b.precision);
  return Math.floor(a.milliseconds / precision) - Math.floor(b.milliseconds / precision);
}

/** Validates a time in Wise's format. @returns the text @throws Failure `usage` */
export function requireVendorTime(text: string): string {
  if (parseVendorTime(text)) return text;
  throw failure(
    'usage',
    `“${printable(text)}” is not a time.`,
    'Use the format of Wise: 2026-11-22T10:15:00.120Z.',
  );
}

const LOCAL_TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?: ?([+-]\d{2}:?\d{2}))?)?$/;

/**
 * Parses a local time as tables and the audit log show it, or a date (its midnight). The time zone is that of this
 * machine.
 */
function parseLocalTime(text: string): number | undefined {
  const [, date, time = '00:00', offset = ''] = LOCAL_TIME.exec(text) ?? [];
  const moment = `${date}T${time.padEnd(8, ':00')}`;
  // Date.parse alone would accept 30 February as 2 March.
  if (!parseVendorTime(`${moment}${offset || 'Z'}`)) return undefined;
  return Date.parse(`${moment}${offset}`);
}

/**
 * Parses a point in time of a flag: an age or a time.
 * @param text `2h`, `90d`, `2026-11-22`, `2026-11-22T10:15:00Z`, `2026-11-22 10:15:00 +01:00`
 * @param now milliseconds since the epoch
 * @returns milliseconds since the epoch
 * @throws Failure `usage` with the name of the flag
 */
export function parsePointInTime(text: string, { flag, now }: { flag: string; now: number }): number {
  const moment = parseVendorTime(text)?.milliseconds ?? parseLocalTime(text);
  if (moment !== undefined) return moment;
  try {
    return now - parseDuration(text);
  } catch {
    throw failure(
      'usage',
      `${flag}: “${printable(text)}” is neither a duration nor a time.`,
      'Use a duration (30m, 2h or 7d ago), a date like 2026-11-22, or a time like 2026-11-22T10:15:00Z.',
    );
  }
}

/** Maximum `Retry-After`: a year. A longer value is a mistake. */
const LONGEST_DELAY_MS = 365 * 86_400_000;

/**
 * Parses a `Retry-After` header (RFC 9110): seconds or a date. Several values are allowed; the longest counts.
 * @param now time of the response, in milliseconds since the epoch
 * @returns milliseconds, at least 0; null for an invalid header
 */
export function parseRetryAfter(header: string, now: number): number | null {
  // A comma that a weekday precedes is part of a date.
  const delays = header
    .split(/,(?!\s*\d\d[ -][A-Z])/)
    .map((value) => toDelay(value.trim(), now))
    .filter((delay) => delay !== null);
  return delays.length === 0 ? null : Math.min(Math.max(0, ...delays), LONGEST_DELAY_MS);
}

function toDelay(text: string, now: number): number | null {
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const time = parseHttpDate(text);
  return time === null ? null : time - now;
}

/**
 * Parses a date in one of the three formats of RFC 9110. All are in GMT.
 * @returns milliseconds since the epoch; null for an invalid date
 */
export function parseHttpDate(text: string): number | null {
  if (!/^[A-Z][a-z]{2,8},? [\w -]+ \d\d:\d\d:\d\d (GMT|\d{4})$/.test(text)) return null;
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? null : time;
}
