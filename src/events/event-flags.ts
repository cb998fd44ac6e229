import { Args, Flags } from '@oclif/core';
import type { Context } from '../context/context.ts';
import { readPublicKey } from '../context/files.ts';
import { Failure } from '../domain/errors/failure.ts';
import { parseKioskId, parseReference } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { parsePointInTime } from '../domain/times/vendor-time.ts';
import { toKioskId, toText } from '../input/flags.ts';
import { SignatureVerifier } from '../webhooks/signature.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../wire/events.ts';
import { type ChosenValues, EventChoice } from './event-filter.ts';
import type { EventSelection } from './list-events.ts';

/** Flags that filter events. */
export const selectionFlags = {
  card: Flags.string({ summary: 'Only of this card, or of its order.', helpValue: 'CARD' }),
  kiosk: Flags.string({ summary: 'Only of this kiosk.', helpValue: 'ID' }),
  status: Flags.string({
    summary: 'Only with this status, of production or order.',
    helpValue: 'STATUS',
  }),
  type: Flags.string({
    summary: 'Only of this type: production, order, or as the vendor names it.',
    helpValue: 'TYPE',
  }),
  since: Flags.string({ summary: 'Only what arrived since then: 2h, or a time.', helpValue: 'TIME' }),
};

export const untilFlag = {
  until: Flags.string({ summary: 'Only what arrived before then: 2h, or a time.', helpValue: 'TIME' }),
};

export const quietEventsFlag = {
  quiet: Flags.boolean({ char: 'q', summary: 'Only the numbers of the events, one a line.' }),
};

export const publicKeyFlag = {
  'public-key': Flags.string({
    summary: "Check signatures with the key in this PEM file (default: the environment's own).",
    helpValue: 'FILE',
  }),
};

export const eventArg = Args.string({
  required: true,
  ignoreStdin: true,
  description: 'The number of an event, as events list shows it.',
});

export interface SelectionFlags {
  card?: string | undefined;
  kiosk?: string | undefined;
  status?: string | undefined;
  type?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

const TYPES = new Map([
  ['production', PRODUCTION_EVENT],
  ['order', ORDER_EVENT],
]);

/**
 * Makes a selection of events out of flags.
 * @param now milliseconds since the epoch
 * @throws Failure `usage`, `invalid-reference`
 */
export function toSelection(flags: SelectionFlags, now: number): EventSelection {
  const type = toText(flags.type, '--type');
  return {
    card: flags.card === undefined ? null : parseReference(flags.card),
    eventType: type && (TYPES.get(type.toLowerCase()) ?? type),
    kioskId: toKioskId(flags.kiosk, '--kiosk'),
    status: toText(flags.status, '--status')?.toUpperCase() ?? null,
    ...toSpan(flags, now),
  };
}

/**
 * Reads from when and until when; null where a flag was not given.
 * @param now milliseconds since the epoch
 * @throws Failure `usage`
 */
export function toSpan(
  flags: Pick<SelectionFlags, 'since' | 'until'>,
  now: number,
): { since: number | null; until: number | null } {
  const since = toTime(flags.since, { flag: '--since', now });
  const until = toTime(flags.until, { flag: '--until', now });
  if (since !== null && until !== null && since >= until) {
    throw new Failure('usage', 'With --since at or after --until there is nothing to select.', {
      hint: '--since 2h --until 1h is the hour before the last one.',
    });
  }
  return { since, until };
}

/** @throws Failure `usage` for what is no number of an event */
export function toEventId(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new Failure('usage', `“${printable(text.slice(0, 80))}” is not the number of an event.`, {
    hint: 'See the numbers: kioskctl events list',
  });
}

/** Makes the verifier of signatures, with the key of a file or of the environment. @throws Failure `invalid-input`, `usage` */
export async function toVerifier(ctx: Context, file: string | undefined): Promise<SignatureVerifier> {
  const path = toText(file, '--public-key');
  const { pem, source } = path === null ? await ctx.webhookKey() : readPublicKey(ctx.files, path);
  return new SignatureVerifier(pem, source);
}

/** The address of a receiver. @throws Failure `usage` */
export function toReceiver(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.username || url?.password) {
    throw new Failure('usage', '--to has a user name or a password in it.', {
      hint: 'A secret in an argument is seen by everyone on this machine: leave it out.',
    });
  }
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new Failure('usage', `--to: “${printable(text)}” is not the address of a receiver.`, {
    hint: 'Write it like http://127.0.0.1:8788/webhooks.',
  });
}

function toTime(text: string | undefined, options: { flag: string; now: number }): number | null {
  return text === undefined ? null : parsePointInTime(text, options);
}

/**
 * Reads which events to choose: `status=PRODUCED`, `kiosk=WIS00001`, `card=1001/501`, `type=production`.
 * @throws Failure `usage`, `invalid-reference`
 */
export function parseEventChoice(texts: readonly string[]): EventChoice {
  const chosen: ChosenValues = { type: [], card: [], kiosk: [], status: [] };
  for (const text of texts) {
    const [, kind = '', value = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
    if (kind === 'card') chosen.card.push(parseReference(value));
    else if (kind === 'status') chosen.status.push(value.toUpperCase());
    else if (kind === 'kiosk') chosen.kiosk.push(parseKioskId(value));
    else if (kind === 'type') chosen.type.push(value);
    else throw notAChoice(text);
  }
  return new EventChoice(chosen);
}

function notAChoice(text: string): Failure {
  return new Failure('usage', `“${printable(text.slice(0, 80))}” chooses no events.`, {
    hint: 'Write type=production, card=1001/501, kiosk=WIS00001 or status=PRODUCED.',
  });
}
