import { Args, Flags, type Interfaces } from '@oclif/core';
import { asFailure, failure } from '../domain/errors/failure.ts';
import { parseCardName, parseId, parseKioskId } from '../domain/ids.ts';
import { parseSimulation } from '../domain/production.ts';
import type { Via } from '../domain/results.ts';
import { redactWord } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { parseDuration } from '../domain/times/duration.ts';
import { parsePointInTime, requireVendorTime } from '../domain/times/vendor-time.ts';

type Parse<Value, Options> = (text: string, flag: Options & { name: string }) => Value;

/**
 * Creates a kind of flag.
 * @param parse receives the trimmed, non-empty value; its failure becomes the command's failure
 */
export function flagKind<Value, Options = unknown>(
  parse: Parse<Value, Options>,
): Interfaces.FlagDefinition<Value, Options> {
  return exactFlagKind((text, flag) => parse(parseText(text, `--${flag.name}`), flag));
}

/** Creates a kind of flag whose value may be empty, or start or end with spaces. */
export function exactFlagKind<Value, Options = unknown>(
  parse: Parse<Value, Options>,
): Interfaces.FlagDefinition<Value, Options> {
  const parseFlag = async (text: string, _: unknown, flag: Options & { name: string }) => {
    try {
      return parse(text, flag);
    } catch (cause) {
      // oclif replaces the message of an error thrown here. asUsageFailure restores it from the cause.
      throw new Error('', { cause });
    }
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- oclif's overloads can't be chosen by a type parameter
  return Flags.custom({ parse: parseFlag } as object) as Interfaces.FlagDefinition<Value, Options>;
}

/** Wraps a parser, so that its messages start with the name of the flag. */
export function naming<Value, Options>(parse: Parse<Value, Options>): Parse<Value, Options> {
  return (text, flag) => {
    try {
      return parse(text, flag);
    } catch (error) {
      const { code, message, hint } = asFailure(error);
      throw failure(code, `--${flag.name}: ${message}`, hint);
    }
  };
}

/** Trims a value. An empty value is an error: in scripts, it usually is an unset variable. @throws Failure `usage` */
function parseText(text: string, flag: string): string {
  if (text.trim() !== '') return text.trim();
  throw failure('usage', `${flag} is empty.`, 'Set a value, or leave it out.');
}

type NumberRange = {
  /** End of the message `“x” is not …` (default: `a number from 1 to 9`). */
  what?: string;
  /** Default: 1. */
  min?: number;
  /** Default: 9,999,999. */
  max?: number;
  hint?: string;
};

/** Parses a whole number within a range. @throws Failure `usage` */
export function parseNumber(text: string, { min = 1, max, ...words }: NumberRange): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= (max ?? 9_999_999)) return number;
  const range = max === undefined ? `number from ${min}` : `number from ${min} to ${max}`;
  const { what = `a ${range}`, hint = `Use a ${range}.` } = words;
  throw failure('usage', `“${printable(redactWord(text.slice(0, 80)))}” is not ${what}.`, hint);
}

const LONGEST_START_MS = 24 * 3_600_000;

export const textFlag = flagKind((text) => text);
export const kioskFlag = flagKind(naming(parseKioskId));
export const referenceFlag = flagKind(parseCardName);
export const profileFlag = flagKind((text) => parseId(text, 'profile id'));
/** A duration in milliseconds. */
export const durationFlag = flagKind(parseDuration);
/** Time within which a server must start a plan, in milliseconds. */
export const startWithinFlag = flagKind((text) => {
  const duration = parseDuration(text);
  if (duration > 0 && duration <= LONGEST_START_MS) return duration;
  throw failure('usage', `“${printable(text)}” is not a time to start.`, 'Use a time up to 24h, like 15m.');
});
export const simulationFlag = flagKind(parseSimulation);
export const numberFlag = flagKind<number, NumberRange>(naming(parseNumber));
/** A port number; 0 selects a free port. */
export const portFlag = flagKind((text) => parseNumber(text, { what: 'a port', min: 0, max: 65_535 }));

/** A time in Wise's format. */
export const vendorTimeFlag = flagKind(requireVendorTime);

/** Converts a flag's time to milliseconds since the epoch. A relative time (`2h`) is subtracted from `now`. */
export type PointInTime = (now: number) => number;

export const timeFlag = flagKind<PointInTime>((text, { name }) => {
  const parse: PointInTime = (now) => parsePointInTime(text, { flag: `--${name}`, now });
  parse(0);
  return parse;
});

/** The flags of every command. */
export const globalFlags = {
  context: Flags.string({ summary: 'Context to use.', helpValue: 'NAME', helpGroup: 'GLOBAL' }),
  environment: Flags.string({
    summary: 'Environment: local, sandbox or production.',
    helpValue: 'NAME',
    helpGroup: 'GLOBAL',
  }),
  'base-url': Flags.string({ summary: 'Base URL of the API.', helpValue: 'URL', helpGroup: 'GLOBAL' }),
  'profile-id': Flags.string({ summary: 'Profile to use.', helpValue: 'ID', helpGroup: 'GLOBAL' }),
  'token-file': Flags.string({
    summary: 'Read the access token from a file.',
    helpValue: 'FILE',
    helpGroup: 'GLOBAL',
  }),
  'token-stdin': Flags.boolean({
    summary: 'Read the access token from standard input.',
    helpGroup: 'GLOBAL',
    exclusive: ['token-file'],
  }),
  json: Flags.boolean({ summary: 'Print one JSON document to standard output.', helpGroup: 'GLOBAL' }),
  quiet: Flags.boolean({
    char: 'q',
    summary: 'Print nothing on success.',
    helpGroup: 'GLOBAL',
  }),
  verbose: Flags.boolean({
    summary: 'Print each request and answer to standard error.',
    helpGroup: 'GLOBAL',
  }),
  debug: Flags.boolean({
    summary: 'Also print headers and bodies, without secrets and personal data.',
    helpGroup: 'GLOBAL',
  }),
  'no-color': Flags.boolean({ summary: 'Disable colour and animation.', helpGroup: 'GLOBAL' }),
};

/** Replaces the global `--quiet`, for commands that print references with it. @param what the references, in plural */
export const quietFlagFor = (what: string) => ({
  quiet: Flags.boolean({ char: 'q', summary: `Print only ${what}, one per line.` }),
});

export const quietFlag = quietFlagFor('card references');

/** Flags of commands that print a table. */
export const tableFlags = {
  wide: Flags.boolean({ summary: 'Show all columns.' }),
};

/** Flags of commands that change something. */
export const actFlags = {
  reason: Flags.string({
    helpGroup: 'CONFIRMATION',
    summary: 'Reason for the action, stored in the journal. Required in production.',
    helpValue: 'TEXT',
  }),
  confirm: Flags.string({
    helpGroup: 'CONFIRMATION',
    summary: 'Confirm an action in production by the name of its context.',
    helpValue: 'CONTEXT',
  }),
  yes: Flags.boolean({
    helpGroup: 'CONFIRMATION',
    char: 'y',
    summary: 'Answer yes to prompts, but do not confirm an action in production.',
  }),
  'no-input': Flags.boolean({ helpGroup: 'CONFIRMATION', summary: 'Never prompt, even on a terminal.' }),
};

/** Flag of commands that set up a journal in PostgreSQL. */
export const loginFlag = {
  login: textFlag({
    summary: 'Login for this command (default: that of the URL of the journal).',
    helpValue: 'NAME',
  }),
};

/** Flags of commands that wait. */
export const waitFlags = {
  timeout: Flags.string({
    helpGroup: 'WAITING',
    summary: 'Maximum time to wait per card; 0 checks once (default 10m).',
    helpValue: '90s',
  }),
  interval: Flags.string({
    helpGroup: 'ADVANCED',
    summary: 'Maximum pause between two checks (default 10s; up to 30s until the step usually ends).',
    helpValue: '5s',
  }),
};

const VIA = {
  summary:
    'How to detect changes: auto (webhooks if a listener is running, otherwise polling), poll, or journal (webhooks only).',
  helpValue: 'MODE',
  helpGroup: 'ADVANCED',
};

const via = flagKind((text): Via => {
  if (text === 'auto' || text === 'poll' || text === 'journal') return text;
  throw failure('usage', `“${printable(text)}” is not a mode of waiting.`, 'Use auto, poll or journal.');
});

/** The flag of commands that may wait for events of a listener. */
export const viaFlag = { via: via(VIA) };

export const watchViaFlag = { via: via({ ...VIA, dependsOn: ['watch'] }) };

const CARD_HELP =
  'Card token or its first digits, or an order id, alone or as PROFILE/CARD. Use - to read references from standard input.';

/** The flag of commands that show advice on error codes. */
export const runbookFlag = {
  runbook: Flags.string({
    summary: 'Runbook of your team (default: that of the context).',
    helpValue: 'FILE',
  }),
};

/** The CARD arguments. */
export const cardArgs = {
  card: Args.string({ required: true, multiple: true, ignoreStdin: true, description: CARD_HELP }),
};

export const optionalCardArgs = {
  card: Args.string({ multiple: true, ignoreStdin: true, description: CARD_HELP }),
};

/** The SUBSCRIPTION argument. */
export const subscriptionArgs = {
  id: Args.string({ required: true, ignoreStdin: true, description: 'Id of the subscription.' }),
};

export const DEFAULT_LIMIT = 100;

export const ROWS = { what: 'a number of rows', hint: 'Use a number from 1.', helpValue: 'N' };

/** The flag of commands that print a long list. */
export const limitFlag = { limit: numberFlag({ ...ROWS, summary: 'Maximum number of rows (default 100).' }) };

/** The flag of streams that can end after a number of events. */
export const endFlag = { limit: numberFlag({ ...ROWS, summary: 'End after this number of events.' }) };
