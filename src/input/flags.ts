import { Args, Flags, type Interfaces } from '@oclif/core';
import { asFailure, failure } from '../domain/errors/failure.ts';
import { parseCardName, parseId, parseKioskId } from '../domain/ids.ts';
import { type ProduceOptions, parseSimulation, type Simulation } from '../domain/production.ts';
import type { Via } from '../domain/results.ts';
import { redactWord } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { parseDuration } from '../domain/times/duration.ts';
import { parsePointInTime, requireVendorTime } from '../domain/times/vendor-time.ts';

type Parse<Value, Options> = (text: string, flag: Options & { name: string }) => Value;

/**
 * Makes a kind of flag with its parser.
 * @param parse gets the value, trimmed and never empty; its failure is that of the command
 */
export function flagKind<Value, Options = unknown>(
  parse: Parse<Value, Options>,
): Interfaces.FlagDefinition<Value, Options> {
  return exactFlagKind((text, flag) => parse(parseText(text, `--${flag.name}`), flag));
}

/** Makes a kind of flag whose value may be empty, and may begin or end with spaces. */
export function exactFlagKind<Value, Options = unknown>(
  parse: Parse<Value, Options>,
): Interfaces.FlagDefinition<Value, Options> {
  const parseFlag = async (text: string, _: unknown, flag: Options & { name: string }) => {
    try {
      return parse(text, flag);
    } catch (cause) {
      // oclif overwrites the message of an error that is thrown here, see asUsageFailure.
      throw new Error('', { cause });
    }
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- oclif's overloads can't be chosen by a type parameter
  return Flags.custom({ parse: parseFlag } as object) as Interfaces.FlagDefinition<Value, Options>;
}

/** Adds the name of the flag to messages. */
function naming<Value, Options>(parse: Parse<Value, Options>): Parse<Value, Options> {
  return (text, flag) => {
    try {
      return parse(text, flag);
    } catch (error) {
      const { code, message, hint } = asFailure(error);
      throw failure(code, `--${flag.name}: ${message}`, hint);
    }
  };
}

/** Trims a value. @throws Failure `usage` for an empty one: in a script, a variable was not set */
function parseText(text: string, flag: string): string {
  if (text.trim() !== '') return text.trim();
  throw failure('usage', `${flag} is empty.`, 'Set a value, or leave it out.');
}

type NumberRange = {
  /** The end of the message `“x” is not …` (default: `a number from 1 to 9`). */
  what?: string;
  /** Default: 1. */
  min?: number;
  /** Default: 9,999,999. */
  max?: number;
  hint?: string;
};

/** @throws Failure `usage` */
export function parseNumber(text: string, { min = 1, max, ...words }: NumberRange): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= (max ?? 9_999_999)) return number;
  const range = max === undefined ? `number from ${min}` : `number from ${min} to ${max}`;
  const { what = `a ${range}`, hint = `Use a ${range}.` } = words;
  throw failure('usage', `“${printable(redactWord(text.slice(0, 80)))}” is not ${what}.`, hint);
}

export const textFlag = flagKind((text) => text);
export const kioskFlag = flagKind(naming(parseKioskId));
export const referenceFlag = flagKind(parseCardName);
export const profileFlag = flagKind((text) => parseId(text, 'profile id'));
/** A duration in milliseconds. */
export const durationFlag = flagKind(parseDuration);
export const simulationFlag = flagKind(parseSimulation);
export const numberFlag = flagKind<number, NumberRange>(naming(parseNumber));
/** A port; 0 for any free one. */
export const portFlag = flagKind((text) => parseNumber(text, { what: 'a port', min: 0, max: 65_535 }));

/** A time in the format of Wise. */
export const vendorTimeFlag = flagKind(requireVendorTime);

/** Returns a time of a flag in milliseconds since the epoch. It may be relative, like `2h` ago. */
export type PointInTime = (now: number) => number;

export const timeFlag = flagKind<PointInTime>((text, { name }) => {
  const parse: PointInTime = (now) => parsePointInTime(text, { flag: `--${name}`, now });
  parse(0);
  return parse;
});

/** The flags of every command. */
export const globalFlags = {
  context: Flags.string({ summary: 'The context to use.', helpValue: 'NAME', helpGroup: 'GLOBAL' }),
  environment: Flags.string({
    summary: 'local, sandbox or production.',
    helpValue: 'NAME',
    helpGroup: 'GLOBAL',
  }),
  'base-url': Flags.string({ summary: 'Where the API is.', helpValue: 'URL', helpGroup: 'GLOBAL' }),
  'profile-id': Flags.string({ summary: 'The profile.', helpValue: 'ID', helpGroup: 'GLOBAL' }),
  'token-file': Flags.string({
    summary: 'A file that holds the access token.',
    helpValue: 'FILE',
    helpGroup: 'GLOBAL',
  }),
  'token-stdin': Flags.boolean({
    summary: 'Read the access token from standard input.',
    helpGroup: 'GLOBAL',
    exclusive: ['token-file'],
  }),
  json: Flags.boolean({ summary: 'One JSON document on standard output.', helpGroup: 'GLOBAL' }),
  quiet: Flags.boolean({
    char: 'q',
    summary: 'No result, only the exit code and what is wrong.',
    helpGroup: 'GLOBAL',
  }),
  verbose: Flags.boolean({ summary: 'Each request and answer on standard error.', helpGroup: 'GLOBAL' }),
  debug: Flags.boolean({
    summary: 'Their headers and bodies, too, without secrets and personal data.',
    helpGroup: 'GLOBAL',
  }),
  'no-color': Flags.boolean({ summary: 'No colour and nothing that moves.', helpGroup: 'GLOBAL' }),
};

/** In place of the global one, for commands whose result has ids. */
export const quietFlag = {
  quiet: Flags.boolean({ char: 'q', summary: 'Only the references, one a line.' }),
};

/** For commands that print a table. */
export const tableFlags = {
  wide: Flags.boolean({ summary: 'Show all columns, and cut their cells to fit the terminal.' }),
};

/** For commands that change something. */
export const actFlags = {
  reason: Flags.string({
    helpGroup: 'CONFIRMATION',
    summary: 'Why; kept in the journal, needed in production.',
    helpValue: 'TEXT',
  }),
  confirm: Flags.string({
    helpGroup: 'CONFIRMATION',
    summary: 'Confirm an act in production, naming its context.',
    helpValue: 'CONTEXT',
  }),
  yes: Flags.boolean({
    helpGroup: 'CONFIRMATION',
    char: 'y',
    summary: 'Answer its questions with yes (never the one of production).',
  }),
  'no-input': Flags.boolean({ helpGroup: 'CONFIRMATION', summary: 'Ask nothing, even on a terminal.' }),
};

/** For commands that wait. */
export const waitFlags = {
  timeout: Flags.string({
    helpGroup: 'WAITING',
    summary: 'How long at most, per card; 0 looks once (default 10m).',
    helpValue: '90s',
  }),
  interval: Flags.string({
    helpGroup: 'ADVANCED',
    summary: 'The longest pause between two looks.',
    helpValue: '5s',
  }),
};

const VIA = {
  summary:
    'Where to look: auto (at the events of a listener while one lives, else at the API), poll (at the API) or journal (at the events; needs a listener).',
  helpValue: 'WAY',
  helpGroup: 'ADVANCED',
};

const via = flagKind((text): Via => {
  if (text === 'auto' || text === 'poll' || text === 'journal') return text;
  throw failure('usage', `“${printable(text)}” is not a mode of waiting.`, 'Use auto, poll or journal.');
});

/** For commands that may wait for the events of a listener. */
export const viaFlag = { via: via(VIA) };

export const watchViaFlag = { via: via({ ...VIA, dependsOn: ['watch'] }) };

/** For commands that send a card to a kiosk. */
export const followFlags = {
  wait: Flags.boolean({ helpGroup: 'WAITING', summary: 'Go on until the card is produced.' }),
  simulate: simulationFlag({
    helpGroup: 'SANDBOX',
    summary: 'In a sandbox: what becomes of the card, PRODUCED or PRODUCTION_ERROR[:CODE]. Waits, too.',
    helpValue: 'STATUS[:CODE]',
  }),
};

export function toProduceOptions(flags: {
  wait?: boolean;
  simulate?: Simulation | undefined;
}): ProduceOptions {
  const { wait = false, simulate: simulation = null } = flags;
  return { wait, simulation };
}

const CARD_HELP =
  'A card token or its first digits, or an order id, alone or as PROFILE/CARD; - reads them from standard input.';

/** For commands that show what to do about an error code. */
export const runbookFlag = {
  runbook: Flags.string({ summary: "The team's runbook (default: that of the context).", helpValue: 'FILE' }),
};

/** The cards that a command works on. */
export const cardArgs = {
  card: Args.string({ required: true, multiple: true, ignoreStdin: true, description: CARD_HELP }),
};

export const optionalCardArgs = {
  card: Args.string({ multiple: true, ignoreStdin: true, description: CARD_HELP }),
};

/** The subscription that a command works on. */
export const subscriptionArgs = {
  id: Args.string({ required: true, ignoreStdin: true, description: 'The id of the subscription.' }),
};

export const DEFAULT_LIMIT = 100;

const ROWS = { what: 'a number of rows', hint: 'Use a number from 1.', helpValue: 'N' };

/** For lists that may be long. */
export const limitFlag = { limit: numberFlag({ ...ROWS, summary: 'How many at most (default 100).' }) };

/** For streams that end after a number of rows. */
export const endFlag = { limit: numberFlag({ ...ROWS, summary: 'End after as many events.' }) };
