import { styleText } from 'node:util';

/** The styles of text for one stream; without colour they change nothing. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warning(text: string): string;
  /** The terminal that the text is for; null off a terminal. */
  readonly screen: Screen | null;
}

/** A terminal that shows tables. */
export interface Screen {
  /** The width of the terminal. */
  columns: number;
  /** True to show all columns of a table (`--wide`). */
  isWide: boolean;
  names: Names;
}

/** Short names of cards. */
export interface Names {
  /** Looks up the cards that a text names. */
  learn(text: string): Promise<void>;
  /** Replaces the references of the cards that were looked up by short names. */
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

/** The formats of times, which are made once because that takes long. */
let formats: { offset: Intl.DateTimeFormat; time: Intl.DateTimeFormat } | null = null;

/**
 * Formats a time for people, in local time with its offset: `2026-11-22 10:15:00 +01:00`.
 * @param at milliseconds since the epoch, or a time of a JSON document; other text is returned unchanged
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

/** A time in a message. The value of a flag, or one in quotes, is for programs. */
const UTC_TIME = /(?<!["'=]|--[\w-]+ )\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Formats the times in a message for people. Documents have the same message with times in UTC. */
export function withLocalTimes(message: string): string {
  return message.replace(UTC_TIME, (time) => localTime(time));
}
