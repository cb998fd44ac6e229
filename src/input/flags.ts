import { Args, Flags } from '@oclif/core';
import { Failure } from '../domain/errors/failure.ts';
import { type KioskId, parseKioskId } from '../domain/ids.ts';
import { type ProduceOptions, parseSimulation } from '../domain/production.ts';
import type { Via } from '../domain/results.ts';
import { printable } from '../domain/text/terminal-text.ts';

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

/** For commands that change something. */
export const actFlags = {
  reason: Flags.string({ summary: 'Why; kept in the journal, needed in production.', helpValue: 'TEXT' }),
  confirm: Flags.string({
    summary: 'Confirm an act in production, naming its context.',
    helpValue: 'CONTEXT',
  }),
  yes: Flags.boolean({ char: 'y', summary: 'Answer its questions with yes (never the one of production).' }),
  'no-input': Flags.boolean({ summary: 'Ask nothing, even on a terminal.' }),
};

/** For commands that wait. */
export const waitFlags = {
  timeout: Flags.string({
    summary: 'How long at most, per card; 0 looks once (default 10m).',
    helpValue: '90s',
  }),
  interval: Flags.string({ summary: 'The longest pause between two looks.', helpValue: '5s' }),
};

const VIA = {
  summary:
    'Where to look: auto (at the events of a listener while one lives, else at the API), poll (at the API) or journal (at the events; needs a listener).',
  helpValue: 'WAY',
};

/** For commands that may wait for the events of a listener. */
export const viaFlag = { via: Flags.string(VIA) };

export const watchViaFlag = { via: Flags.string({ ...VIA, dependsOn: ['watch'] }) };

/** @throws Failure `usage` */
export function toVia(text = 'auto'): Via {
  if (text === 'auto' || text === 'poll' || text === 'journal') return text;
  throw new Failure('usage', `“${printable(text)}” is no way to wait.`, {
    hint: 'Give auto, poll or journal.',
  });
}

/** For commands that send a card to a kiosk. */
export const followFlags = {
  wait: Flags.boolean({ summary: 'Go on until the card is produced.' }),
  simulate: Flags.string({
    summary: 'In a sandbox: what becomes of the card, PRODUCED or PRODUCTION_ERROR[:CODE]. Waits, too.',
    helpValue: 'STATUS[:CODE]',
  }),
};

/** @throws Failure `usage` for a simulation that can't be read */
export function toProduceOptions(flags: { wait?: boolean; simulate?: string | undefined }): ProduceOptions {
  const { wait = false, simulate } = flags;
  return { wait, simulation: simulate === undefined ? null : parseSimulation(simulate) };
}

const CARD_HELP = 'A card token or an order id, alone or as PROFILE/CARD; - reads them from standard input.';

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

/** For lists that may be long. */
export const limitFlag = {
  limit: Flags.string({ summary: 'How many at most (default 100).', helpValue: 'N' }),
};

/** @throws Failure `usage` */
export function toLimit(text = '100'): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new Failure('usage', `“${printable(text)}” is not a number of rows.`, {
    hint: 'Give a number from 1 on.',
  });
}

/** @returns null for a flag that was not given. @throws Failure `usage` for an empty one, which in a script is a variable that was not set */
export function toText(text: string | undefined, flag: string): string | null {
  if (text === undefined) return null;
  if (text.trim() !== '') return text.trim();
  throw new Failure('usage', `${flag} is empty.`, { hint: 'Give it a value, or leave it out.' });
}

/** The kiosk that a flag names; null without the flag. @throws Failure `usage` */
export function toKioskId(text: string | undefined, flag: string): KioskId | null {
  const given = toText(text, flag);
  return given === null ? null : parseKioskId(given);
}

/** Reads a port as flags write it; 0 picks a free one. @throws Failure `usage` */
export function toPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new Failure('usage', `“${printable(text)}” is not a port.`, {
    hint: 'Give a number from 0 to 65535.',
  });
}
