import { Flags, type Interfaces } from '@oclif/core';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { type CardName, parseCardName } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { flagKind, kioskFlag, numberFlag, referenceFlag } from '../input/flags.ts';
import { distinct, errorCodeFlag } from './kiosk-flags.ts';
import type { RejectedCards } from './rejected-cards.ts';
import type { RetrySelection } from './retry-selection.ts';

const SELECTION = { helpGroup: 'SELECTION' };
const CARDS = { what: 'a number of cards', hint: 'Use a number from 1.' };

/** Flags for the order and the limits of a retry. */
const courseFlags = {
  attended: Flags.boolean({
    summary: 'Confirm that someone collects the cards (prompted for on a terminal).',
  }),
  'max-failures': numberFlag({
    helpGroup: 'ADVANCED',
    ...CARDS,
    summary: 'Stop at a kiosk after this number of failures in a row (default 2).',
    helpValue: 'N',
  }),
};

/** Flags that filter the failed cards of a retry, and limit it. */
const retrySelectionFlags = {
  kiosk: kioskFlag({
    ...SELECTION,
    multiple: true,
    summary: 'Select the cards that failed at this kiosk (repeatable).',
    helpValue: 'ID',
  }),
  'error-code': errorCodeFlag({
    ...SELECTION,
    multiple: true,
    summary: 'Only cards that failed with this code (repeatable).',
    helpValue: 'CODE',
  }),
  limit: numberFlag({
    ...SELECTION,
    ...CARDS,
    summary: 'Maximum number of cards.',
    helpValue: 'N',
  }),
  exclude: referenceFlag({
    ...SELECTION,
    multiple: true,
    summary: 'Leave out this card (repeatable).',
    helpValue: 'CARD',
  }),
  'dry-run': Flags.boolean({ ...SELECTION, summary: 'Show the plan without sending anything.' }),
  attended: { ...courseFlags.attended, ...SELECTION },
  'max-failures': { ...courseFlags['max-failures'], ...SELECTION },
};

/** The flags that only `retry` has. */
export const retryFlags = {
  'to-kiosk': kioskFlag({
    summary: 'Kiosk to use (default: the kiosk of the failed attempt).',
    helpValue: 'ID',
  }),
  abandon: Flags.boolean({
    summary:
      'Abandon a queued or unknown attempt. Use only if you know that it will not print. Needs a reason.',
  }),
  ...retrySelectionFlags,
};

type RetryFlags = Interfaces.InferredFlags<typeof retryFlags>;

export const DEFAULT_MAX_FAILURES = 2;

/**
 * Makes the selection of a retry out of flags.
 * @param cards the CARD arguments
 * @returns null if cards are named
 * @throws Failure `usage` for contradictions, `invalid-reference`
 */
export function toRetrySelection(flags: RetryFlags, cards: readonly string[]): RetrySelection | null {
  const { kiosk: kiosks, 'error-code': codes = [], exclude = [], limit = null } = flags;
  if (cards.length > 0) {
    refuseSelection(flags);
    if (flags.abandon && cards.includes('-')) throw abandonNeedsNames();
    return null;
  }
  if (kiosks === undefined) throw nothingNamed(flags);
  if (flags.abandon) throw abandonNeedsNames();
  return {
    kioskIds: distinct(kiosks),
    errorCodes: distinct(codes),
    exclude,
    limit,
    toKiosk: flags['to-kiosk'] ?? null,
  };
}

function abandonNeedsNames(): Failure {
  return failure(
    'usage',
    '--abandon needs named cards, not a selection or standard input.',
    'Pass the card whose attempt will not print.',
  );
}

/** Refuses flags of a selection for named cards. @throws Failure `usage` */
function refuseSelection(flags: RetryFlags): void {
  if (flags.kiosk !== undefined) {
    throw failure(
      'usage',
      '--kiosk does not set the kiosk of a retry.',
      `Send cards to another kiosk with --to-kiosk ${printable(flags.kiosk[0] ?? 'ID')}. Without CARD, --kiosk selects cards.`,
    );
  }
  const given = ['error-code', 'limit', 'exclude', 'dry-run', 'attended', 'max-failures'] as const;
  const wrong = given.find((flag) => flags[flag] !== undefined && flags[flag] !== false);
  if (wrong === undefined) return;
  throw failure(
    'usage',
    `--${wrong} needs a selection, not named cards.`,
    'Pass cards, or select them with --kiosk ID.',
  );
}

function nothingNamed(flags: RetryFlags): Failure {
  const what = flags['error-code'] ? '--error-code needs --kiosk.' : 'Which cards?';
  return failure(
    'usage',
    what,
    'Pass cards (retry CARD…), or select the failed cards of a kiosk (retry --kiosk ID).',
  );
}

/** `none`, `unknown`, or a card. */
const rejectedFlag = flagKind((text) => (text === 'none' || text === 'unknown' ? text : parseCardName(text)));

/** Flags that answer the prompts of a recovery. */
export const recoverFlags = {
  rejected: rejectedFlag({
    aliases: ['spoiled'],
    multiple: true,
    summary:
      'Rejected card that was in the hopper and has been destroyed: none, CARD (repeatable), or unknown.',
    helpValue: 'none|CARD|unknown',
  }),
  release: Flags.boolean({ summary: 'End the hold on the kiosk, if there is one.' }),
  ...courseFlags,
};

/** Makes the rejected cards out of a flag. @returns null to ask the user @throws Failure `usage` */
export function toRejectedCards(
  given: readonly (CardName | 'none' | 'unknown')[] | undefined,
): RejectedCards | null {
  if (given === undefined) return null;
  const cards = given.filter((one) => one !== 'none');
  if (cards.length === given.length) return cards;
  if (given.length === 1) return [];
  throw failure('usage', '--rejected none contradicts the other --rejected.', 'Use none, or name the cards.');
}
