import { Flags } from '@oclif/core';
import { Failure } from '../domain/errors/failure.ts';
import { parseReference } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { toKioskId, toText } from '../input/flags.ts';
import { toErrorCodes, toKioskIds } from './kiosk-flags.ts';
import type { RetrySelection } from './plan-retry.ts';
import type { Spoiled } from './rejected-cards.ts';

const SELECTION = { helpGroup: 'SELECTION' };

/** Flags for the order and the limits of a retry. */
export const courseFlags = {
  attended: Flags.boolean({ summary: 'Somebody is there and takes the cards (asked on a terminal).' }),
  'max-failures': Flags.string({
    summary: 'Stop a kiosk after so many failures in a row (default 2).',
    helpValue: 'N',
  }),
};

/** Flags that filter the failed cards of a retry, and limit it. */
export const retrySelectionFlags = {
  kiosk: Flags.string({
    ...SELECTION,
    multiple: true,
    summary: 'The cards that failed at this kiosk; may be given several times.',
    helpValue: 'ID',
  }),
  'error-code': Flags.string({
    ...SELECTION,
    multiple: true,
    summary: 'With --kiosk: only what failed with this code; may be given several times.',
    helpValue: 'CODE',
  }),
  limit: Flags.string({ ...SELECTION, summary: 'With --kiosk: so many cards at most.', helpValue: 'N' }),
  exclude: Flags.string({
    ...SELECTION,
    multiple: true,
    summary: 'With --kiosk: not this card; may be given several times.',
    helpValue: 'CARD',
  }),
  'dry-run': Flags.boolean({ ...SELECTION, summary: 'With --kiosk: show the plan and send nothing.' }),
  attended: { ...courseFlags.attended, ...SELECTION },
  'max-failures': { ...courseFlags['max-failures'], ...SELECTION },
};

export interface RetryFlags {
  kiosk?: string[] | undefined;
  'error-code'?: string[] | undefined;
  limit?: string | undefined;
  exclude?: string[] | undefined;
  'dry-run'?: boolean;
  attended?: boolean;
  'max-failures'?: string | undefined;
  'to-kiosk'?: string | undefined;
  abandon?: boolean;
}

const DEFAULT_MAX_FAILURES = 2;

/**
 * Tells a selection from cards that are named.
 * @param cards the CARD arguments
 * @returns null where cards are named
 * @throws Failure `usage` for contradictions, `invalid-reference`
 */
export function toRetrySelection(flags: RetryFlags, cards: readonly string[]): RetrySelection | null {
  const { kiosk: kiosks, 'error-code': codes = [], exclude = [] } = flags;
  if (cards.length > 0) {
    refuseSelection(flags);
    return null;
  }
  if (kiosks === undefined) throw nothingNamed(flags);
  if (flags.abandon) {
    throw new Failure('usage', '--abandon is for cards that are named, not for a selection.', {
      hint: 'Name the card whose request will certainly not print.',
    });
  }
  return {
    kioskIds: toKioskIds(kiosks),
    errorCodes: toErrorCodes(codes),
    exclude: exclude.map(parseReference),
    limit: toCount(flags.limit, '--limit'),
    toKiosk: toKioskId(flags['to-kiosk'], '--to-kiosk'),
  };
}

/** @throws Failure `usage` */
export function toMaxFailures(flags: Pick<RetryFlags, 'max-failures'>): number {
  return toCount(flags['max-failures'], '--max-failures') ?? DEFAULT_MAX_FAILURES;
}

/** Flags of a selection say nothing about cards that are named. */
function refuseSelection(flags: RetryFlags): void {
  if (flags.kiosk !== undefined) {
    throw new Failure('usage', '--kiosk does not say where retried cards go.', {
      hint: `Send them to another kiosk with --to-kiosk ${printable(flags.kiosk[0] ?? 'ID')}; without CARD, --kiosk selects.`,
    });
  }
  const given = ['error-code', 'limit', 'exclude', 'dry-run', 'attended', 'max-failures'] as const;
  const wrong = given.find((flag) => flags[flag] !== undefined && flags[flag] !== false);
  if (wrong === undefined) return;
  throw new Failure('usage', `--${wrong} belongs to a selection, not to cards that are named.`, {
    hint: 'Name cards, or select them with --kiosk ID.',
  });
}

function nothingNamed(flags: RetryFlags): Failure {
  const what = flags['error-code'] ? '--error-code needs --kiosk.' : 'Which cards?';
  return new Failure('usage', what, {
    hint: 'Name cards (retry CARD…), or select those that failed at a kiosk: retry --kiosk ID.',
  });
}

function toCount(text: string | undefined, flag: string): number | null {
  const given = toText(text, flag);
  if (given === null) return null;
  if (/^[1-9]\d{0,6}$/.test(given)) return Number(given);
  throw new Failure('usage', `${flag}: “${printable(given)}” is not a number of cards.`, {
    hint: 'Give a number from 1 on.',
  });
}

/** Flags that answer the prompts of a recovery. */
export const recoverFlags = {
  spoiled: Flags.string({
    multiple: true,
    summary:
      'Whose spoiled card lay in the rejection hopper and is destroyed: none, a CARD (may be given several times), or unknown.',
    helpValue: 'none|CARD|unknown',
  }),
  release: Flags.boolean({ summary: 'End a hold on the kiosk.' }),
  ...courseFlags,
};

/** @returns null where it is to be asked. @throws Failure `usage`, `invalid-reference` */
export function toSpoiled(given: readonly string[] | undefined): Spoiled | null {
  if (given === undefined) return null;
  const words = given.map((text) => toText(text, '--spoiled') ?? '');
  if (!words.includes('none')) return words.map((word) => (word === 'unknown' ? word : parseReference(word)));
  if (words.length === 1) return [];
  throw new Failure('usage', '--spoiled none contradicts the other --spoiled.', {
    hint: 'Say none, or name the cards.',
  });
}
