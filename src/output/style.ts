import { styleText } from 'node:util';

/** Text styles for a stream. Without colour, they return the text unchanged. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warning(text: string): string;
  /** The terminal; null if the output is not a terminal. */
  readonly screen: Screen | null;
}

/** Properties of a terminal for tables. */
export interface Screen {
  /** Width of the terminal in characters. */
  columns: number;
  /** True to show all columns (`--wide`). */
  isWide: boolean;
  /** True if errors appear on the same terminal, so that a result can have their hints beside its cards. */
  hasErrors?: boolean;
  names: Names;
}

/** Short names of cards for text output. */
export interface Names {
  /** Loads the short names of the cards that a text contains. */
  learn(text: string): Promise<void>;
  /** Replaces the references of loaded cards by short names. */
  shorten(text: string): string;
}

type Dress = Parameters<typeof styleText>[0];

export function makeStyle(hasColor: boolean, screen: Screen | null = null): Style {
  const dress = (format: Dress) => (text: string) =>
    hasColor ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: dress('bold'),
    dim: dress('dim'),
    good: dress('green'),
    bad: dress('red'),
    warning: dress('yellow'),
    screen,
  };
}

/** Cached time formats, because creating them is slow. */
let formats: { offset: Intl.DateTimeFormat; time: Intl.DateTimeFormat } | null = null;

/**
 * Formats a time for users: local time with its offset, `2026-11-22 10:15:00 +01:00`.
 * @param at milliseconds since the epoch, or an ISO 8601 time; other text is returned unchanged
 */
export function localTime(at: number | string): string {
  const milliseconds = typeof at === 'number' ? at : Date.parse(at);
  if (Number.isNaN(milliseconds)) return String(at);
  formats ??= {
    offset: new Intl.DateTimeFormat('en', { timeZoneName: 'longOffset' }),
    time: new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' }),
  };
  const offset = formats.offset.formatToParts(milliseconds).find(({ type }) => type === 'timeZoneName');
  return `${formats.time.format(milliseconds)} ${offset?.value.replace('GMT', '') || '+00:00'}`;
}

/** Matches a UTC time in a message, except in quotes or as the value of a flag, which users copy. */
const UTC_TIME = /(?<!["'=]|--[\w-]+ )\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Replaces UTC times in a message by local times, for text output. */
export function withLocalTimes(message: string): string {
  return message.replace(UTC_TIME, (time) => localTime(time));
}

/** Placeholder for a space at which a line must not be broken. */
export const FIXED_SPACE = '\uE000';

/** Marks a text for a terminal, so that `wrapLines` does not break it. */
export function unbroken(text: string): string {
  return text.replaceAll(' ', FIXED_SPACE);
}
