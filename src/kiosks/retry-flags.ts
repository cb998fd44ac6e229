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
  attended: Flags.boolean({ summary: 'Somebody is there and takes the cards (asked on a terminal).' }),
  'max-failures': numberFlag({
    helpGroup: 'ADVANCED',
    ...CARDS,
    summary: 'Stop a kiosk after so many failures in a row (default 2).',
    helpValue: 'N',
  }),
};

/** Flags that filter the failed cards of a retry, and limit it. */
const retrySelectionFlags = {
  kiosk: kioskFlag({
    ...SELECTION,
    multiple: true,
    summary: 'The cards that failed at this kiosk; may be given several times.',
    helpValue: 'ID',
  }),
  'error-code': errorCodeFlag({
    ...SELECTION,
    multiple: true,
    summary: 'With --kiosk: only what failed with this code; may be given several times.',
    helpValue: 'CODE',
  }),
  limit: numberFlag({
    ...SELECTION,
    ...CARDS,
    summary: 'With --kiosk: so many cards at most.',
    helpValue: 'N',
  }),
  exclude: referenceFlag({
    ...SELECTION,
    multiple: true,
    summary: 'With --kiosk: not this card; may be given several times.',
    helpValue: 'CARD',
  }),
  'dry-run': Flags.boolean({ ...SELECTION, summary: 'With --kiosk: show the plan and send nothing.' }),
  attended: { ...courseFlags.attended, ...SELECTION },
  'max-failures': { ...courseFlags['max-failures'], ...SELECTION },
};

/** The flags that only `retry` has. */
export const retryFlags = {
  'to-kiosk': kioskFlag({ summary: 'Another kiosk than that of the failed attempt.', helpValue: 'ID' }),
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
    '--abandon is for named cards, not for a selection or standard input.',
    'Name the card whose attempt will certainly not print.',
  );
}

/** Refuses flags of a selection for named cards. @throws Failure `usage` */
function refuseSelection(flags: RetryFlags): void {
  if (flags.kiosk !== undefined) {
    throw failure(
      'usage',
      '--kiosk does not say where retried cards go.',
      `Send them to another kiosk with --to-kiosk ${printable(flags.kiosk[0] ?? 'ID')}; without CARD, --kiosk selects.`,
    );
  }
  const given = ['error-code', 'limit', 'exclude', 'dry-run', 'attended', 'max-failures'] as const;
  const wrong = given.find((flag) => flags[flag] !== undefined && flags[flag] !== false);
  if (wrong === undefined) return;
  throw failure(
    'usage',
    `--${wrong} belongs to a selection, not to cards that are named.`,
    'Name cards, or select them with --kiosk ID.',
  );
}

function nothingNamed(flags: RetryFlags): Failure {
  const what = flags['error-code'] ? '--error-code needs --kiosk.' : 'Which cards?';
  return failure(
    'usage',
    what,
    'Name cards (retry CARD…), or select those that failed at a kiosk: retry --kiosk ID.',
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
      'Whose spoiled card lay in the rejection hopper and is destroyed: none, a CARD (may be given several times), or unknown.',
    helpValue: 'none|CARD|unknown',
  }),
  release: Flags.boolean({ summary: 'End a hold on the kiosk.' }),
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
  throw failure('usage', '--rejected none contradicts the other --rejected.', 'Say none, or name the cards.');
}
