import { Args, type Interfaces } from '@oclif/core';
import type { Context } from '../context/context.ts';
import { readPublicKey } from '../context/files.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { parseKioskId, parseReference } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import {
  flagKind,
  kioskFlag,
  type PointInTime,
  parseNumber,
  quietFlagFor,
  referenceFlag,
  textFlag,
  timeFlag,
} from '../input/flags.ts';
import { parseReceiverUrl } from '../input/receiver-url.ts';
import { SignatureVerifier } from '../webhooks/signature.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../wire/events.ts';
import { type ChosenValues, EventChoice } from './event-filter.ts';
import type { EventSelection } from './list-events.ts';

/** Flags that filter events. */
export const selectionFlags = {
  card: referenceFlag({ summary: 'Only events of this card or its order.', helpValue: 'CARD' }),
  kiosk: kioskFlag({ summary: 'Only events of this kiosk.', helpValue: 'ID' }),
  status: textFlag({
    summary: 'Only events with this production or order status.',
    helpValue: 'STATUS',
  }),
  type: textFlag({
    summary: 'Only events of this type: production, order, or a type of Wise.',
    helpValue: 'TYPE',
  }),
  since: timeFlag({ summary: 'Only events that arrived since: 2h (ago), or a time.', helpValue: 'TIME' }),
};

export const untilFlag = {
  until: timeFlag({ summary: 'Only events that arrived before: 2h (ago), or a time.', helpValue: 'TIME' }),
};

export const quietEventsFlag = quietFlagFor('event numbers');

export const publicKeyFlag = {
  'public-key': textFlag({
    summary:
      'Public key that verifies signatures (PEM file; default: the published key). Repeatable; any key may match.',
    helpValue: 'FILE',
    multiple: true,
    multipleNonGreedy: true,
  }),
};

const EVENT_ID = {
  what: 'the number of an event',
  max: Number.MAX_SAFE_INTEGER,
  hint: 'See the numbers: kioskctl events list',
};

export const eventArg = Args.custom<number>({
  ignoreStdin: true,
  parse: async (text) => parseNumber(text, EVENT_ID),
});

/** A flag for the number of an event. 0 means before the first event. */
export const afterFlag = flagKind((text) => parseNumber(text, { ...EVENT_ID, min: 0 }));

type EventSelectionFlags = Interfaces.InferredFlags<typeof selectionFlags> &
  Partial<Interfaces.InferredFlags<typeof untilFlag>>;

const TYPES = new Map([
  ['production', PRODUCTION_EVENT],
  ['order', ORDER_EVENT],
]);

/** Converts flags to a filter for events. @param now milliseconds since the epoch @throws Failure `usage` */
export function toSelection(flags: EventSelectionFlags, now: number): EventSelection {
  const { card = null, type = null, kiosk = null, status = null } = flags;
  return {
    card,
    eventType: type && (TYPES.get(type.toLowerCase()) ?? type),
    kioskId: kiosk,
    status: status && status.toUpperCase(),
    ...toSpan(flags, now),
  };
}

/**
 * Converts flags to a time range. A limit is null if its flag is not set.
 * @param now milliseconds since the epoch
 * @throws Failure `usage` for an empty range
 */
export function toSpan(
  flags: { since?: PointInTime | undefined; until?: PointInTime | undefined },
  now: number,
): { since: number | null; until: number | null } {
  const since = flags.since?.(now) ?? null;
  const until = flags.until?.(now) ?? null;
  if (since !== null && until !== null && since >= until) {
    throw failure(
      'usage',
      '--since must be before --until.',
      'For example, --since 2h --until 1h selects one hour.',
    );
  }
  return { since, until };
}

/**
 * Creates the signature verifier, with the keys from files or the key of the environment.
 * @throws Failure `invalid-input`, `usage`
 */
export async function toVerifier(ctx: Context, files: readonly string[] = []): Promise<SignatureVerifier> {
  const keys = files.map((file) => readPublicKey(ctx.files, file));
  return new SignatureVerifier(...(keys.length === 0 ? [await ctx.webhookKey()] : keys));
}

/** A flag for the URL of a receiver. */
export const receiverFlag = flagKind((text, { name }) => parseReceiverUrl(text, `--${name}`));

/**
 * Parses the values of `--filter`: `status=PRODUCED`, `kiosk=WIS00001`, `card=1001/501`, `type=production`.
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
  return failure(
    'usage',
    `“${printable(text.slice(0, 80))}” is not a valid filter.`,
    'Use type=production, card=1001/501, kiosk=WIS00001 or status=PRODUCED.',
  );
}
