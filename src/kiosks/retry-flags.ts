import { Flags, type Interfaces } from '@oclif/core';
import { missingKioskFlags, unlistedFlag } from '../cards/listed-kiosk.ts';
import type { Context } from '../context/context.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { type CardName, type KioskId, parseCardName } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { flagKind, kioskFlag, numberFlag, referenceFlag, startWithinFlag } from '../input/flags.ts';
import { distinct, errorCodeFlag } from './kiosk-flags.ts';
import type { RetrySelection } from './plan-selection.ts';
import type { RejectedCards } from './rejected-cards.ts';

const SELECTION = { helpGroup: 'SELECTION' };
const CARDS = { what: 'a number of cards', hint: 'Use a number from 1.' };

/** Flags for a retry plan, shared by `retry` with a selection and `kiosk recover`. */
const planFlags = {
  'error-code': errorCodeFlag({
    ...SELECTION,
    multiple: true,
    summary: 'Only cards that failed with this code (repeatable).',
    helpValue: 'CODE',
  }),
  limit: numberFlag({ ...SELECTION, ...CARDS, summary: 'Maximum number of cards.', helpValue: 'N' }),
  exclude: referenceFlag({
    ...SELECTION,
    multiple: true,
    summary: 'Leave out this card (repeatable).',
    helpValue: 'CARD',
  }),
  'dry-run': Flags.boolean({ ...SELECTION, summary: 'Show the plan without sending anything.' }),
  detach: Flags.boolean({
    ...SELECTION,
    summary: 'Hand the approved plan over to a running server (serve --accept-plans), and end.',
  }),
  'start-within': startWithinFlag({
    helpGroup: 'ADVANCED',
    summary: 'Maximum time until a server starts the detached plan (default 15m).',
    helpValue: '15m',
    dependsOn: ['detach'],
  }),
  attended: Flags.boolean({
    ...SELECTION,
    summary: 'Confirm that someone collects the cards (prompted for on a terminal).',
  }),
  'max-failures': numberFlag({
    ...CARDS,
    helpGroup: 'ADVANCED',
    summary: 'Stop at a kiosk after this number of failures in a row (default 2).',
    helpValue: 'N',
  }),
  'to-kiosk': kioskFlag({
    summary: 'Kiosk to use (default: the kiosk of the failed attempt).',
    helpValue: 'ID',
  }),
  ...unlistedFlag,
};

type PlanFlags = Interfaces.InferredFlags<typeof planFlags>;

/** The flags that only `retry` has. */
export const retryFlags = {
  kiosk: kioskFlag({
    ...SELECTION,
    multiple: true,
    summary: 'Select the cards that failed at this kiosk (repeatable).',
    helpValue: 'ID',
  }),
  ...planFlags,
  abandon: Flags.boolean({
    summary:
      'Abandon a queued or unknown attempt. Use only if you know that it will not print. Needs a reason.',
  }),
};

type RetryFlags = Interfaces.InferredFlags<typeof retryFlags>;

const DEFAULT_MAX_FAILURES = 2;

/** Converts flags to the options of a retry plan. */
export function toPlanOptions(flags: PlanFlags) {
  return {
    isAttended: flags.attended,
    isDryRun: flags['dry-run'],
    isUnlistedAllowed: flags['allow-unlisted-kiosk'],
    maxFailures: flags['max-failures'] ?? DEFAULT_MAX_FAILURES,
  };
}

/** Converts flags to a filter for failed cards. */
export function selectAt(kioskIds: readonly KioskId[], flags: PlanFlags): RetrySelection {
  const { 'error-code': codes = [], exclude = [], limit = null, 'to-kiosk': toKiosk = null } = flags;
  return { kioskIds: distinct(kioskIds), errorCodes: distinct(codes), exclude, limit, toKiosk };
}

/** Returns the missing flags that a retry plan requires in a non-interactive session. */
export function missingApprovals(
  ctx: Context,
  flags: Pick<PlanFlags, 'attended' | 'to-kiosk' | 'allow-unlisted-kiosk'> & { yes: boolean },
): string[] {
  return [
    ...missingKioskFlags(ctx, flags['to-kiosk'] ?? null, flags['allow-unlisted-kiosk']),
    ...(flags.attended ? [] : ['--attended']),
    ...(flags.yes ? [] : ['--yes']),
  ];
}

/** True if neither cards nor a filter are set, so that a terminal can list the failed cards to choose from. */
export function isOpenChoice(flags: RetryFlags, cards: readonly string[]): boolean {
  const { kiosk, 'error-code': codes, limit, exclude, 'dry-run': isDryRun } = flags;
  return cards.length === 0 && !isDryRun && [kiosk, codes, limit, exclude].every((one) => one === undefined);
}

/**
 * Converts flags to a filter for failed cards.
 * @param cards the CARD arguments
 * @returns the filter; null if the arguments name cards instead
 * @throws Failure `usage` for contradictions, `invalid-reference`
 */
export function toRetrySelection(flags: RetryFlags, cards: readonly string[]): RetrySelection | null {
  if (cards.length > 0) {
    refuseSelection(flags);
    if (flags.abandon && cards.includes('-')) throw abandonNeedsNames();
    return null;
  }
  if (flags.kiosk === undefined) throw nothingNamed(flags);
  if (flags.abandon) throw abandonNeedsNames();
  return selectAt(flags.kiosk, flags);
}

function abandonNeedsNames(): Failure {
  return failure(
    'usage',
    '--abandon needs named cards, not a selection or standard input.',
    'Pass the card whose attempt will not print.',
  );
}

/** Rejects filter flags if cards are named. @throws Failure `usage` */
function refuseSelection(flags: RetryFlags): void {
  if (flags.kiosk !== undefined) {
    throw failure(
      'usage',
      '--kiosk does not set the kiosk of a retry.',
      `Send cards to another kiosk with --to-kiosk ${printable(flags.kiosk[0] ?? 'ID')}. Without CARD, --kiosk selects cards.`,
    );
  }
  const given = ['error-code', 'limit', 'exclude', 'dry-run', 'attended', 'max-failures', 'detach'] as const;
  const wrong = given.find((flag) => flags[flag] !== undefined && flags[flag] !== false);
  if (wrong === undefined) return;
  throw failure(
    'usage',
    `--${wrong} needs a selection, not named cards.`,
    'Pass cards, or select them with --kiosk ID.',
  );
}

function nothingNamed(flags: RetryFlags): Failure {
  const what = flags['error-code'] ? '--error-code needs --kiosk.' : 'The cards to retry are missing.';
  return failure(
    'usage',
    what,
    'Name them, or retry the failed cards of a kiosk: kioskctl retry --kiosk <KIOSK>. List the failed cards: kioskctl status --failed',
  );
}

/** Parses `none`, `unknown`, or a card name. */
const rejectedFlag = flagKind((text) => (text === 'none' || text === 'unknown' ? text : parseCardName(text)));

/** Flags that replace the prompts of `kiosk recover`. */
export const recoverFlags = {
  rejected: rejectedFlag({
    aliases: ['spoiled'],
    multiple: true,
    summary:
      'Rejected card that was in the hopper and has been destroyed: none, CARD (repeatable), or unknown.',
    helpValue: 'none|CARD|unknown',
  }),
  release: Flags.boolean({ summary: 'End the hold on the kiosk, if there is one.' }),
  ...planFlags,
};

/**
 * Converts the flag for rejected cards.
 * @returns the destroyed cards; null to prompt the user
 * @throws Failure `usage`
 */
export function toRejectedCards(
  given: readonly (CardName | 'none' | 'unknown')[] | undefined,
): RejectedCards | null {
  if (given === undefined) return null;
  const cards = given.filter((one) => one !== 'none');
  if (cards.length === given.length) return cards;
  if (given.length === 1) return [];
  throw failure('usage', '--rejected none contradicts the other --rejected.', 'Use none, or name the cards.');
}
