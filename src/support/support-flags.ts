import { extname } from 'node:path';
import { Args, Flags, type Interfaces } from '@oclif/core';
import { ACTIONS } from '../domain/action.ts';
import { failure } from '../domain/errors/failure.ts';
import type { KioskId } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { toSpan } from '../events/event-flags.ts';
import { flagKind, kioskFlag, type PointInTime, referenceFlag, textFlag, timeFlag } from '../input/flags.ts';
import type { ActionSelection } from './log.ts';

/** Flags that filter the audit log. */
export const actSelectionFlags = {
  card: referenceFlag({ summary: 'Only actions on this card or its order.', helpValue: 'CARD' }),
  kiosk: kioskFlag({ summary: 'Only actions at this kiosk (repeatable).', helpValue: 'ID', multiple: true }),
  action: Flags.option({
    aliases: ['act'],
    summary: `Only this kind of action (repeatable): ${ACTIONS.join(', ')}.`,
    helpValue: 'ACTION',
    options: ACTIONS,
    multiple: true,
  })(),
  user: textFlag({ summary: 'Only actions of this user: USER or USER@HOST.', helpValue: 'USER' }),
  failed: Flags.boolean({ summary: 'Only actions that failed or have no result.' }),
  since: timeFlag({
    summary: 'Only actions that began since: 2h (ago), a date, or a time.',
    helpValue: 'TIME',
  }),
  until: timeFlag({
    summary: 'Only actions that began before: 2h (ago), a date, or a time.',
    helpValue: 'TIME',
  }),
};

/** Converts flags to a filter for the audit log. @param now milliseconds since the epoch @throws Failure `usage` */
export function toActionSelection(
  flags: Interfaces.InferredFlags<typeof actSelectionFlags>,
  now: number,
): ActionSelection {
  const [user = null, host = null] = flags.user?.split('@', 2) ?? [];
  return {
    card: flags.card ?? null,
    kioskIds: flags.kiosk ?? [],
    acts: flags.action ?? [],
    user,
    host,
    isFailed: flags.failed,
    ...toSpan(flags, now),
  };
}

export const incidentArgs = {
  card: Args.string({
    multiple: true,
    ignoreStdin: true,
    description:
      'Card token or its first digits, or an order id, alone or as PROFILE/CARD. Use - to read references from standard input, or use --kiosk.',
  }),
};

/** A flag for an output file, whose extension sets the format. */
const bundleFlag = flagKind((file): { file: string; format: 'markdown' | 'json' } => {
  const extension = extname(file).toLowerCase();
  if (extension === '.json') return { file, format: 'json' };
  if (extension === '.md') return { file, format: 'markdown' };
  throw failure(
    'usage',
    `--output: “${printable(file)}” has no known format.`,
    'Use a name that ends with .md (Markdown) or .json (JSON).',
  );
});

export const incidentFlags = {
  kiosk: kioskFlag({ summary: 'All cards at this kiosk in the period, instead of CARD.', helpValue: 'ID' }),
  since: timeFlag({
    summary: 'Start of the period: 4h (ago), or a time (default with --kiosk: 24h; with CARD: all).',
    helpValue: 'TIME',
  }),
  until: timeFlag({ summary: 'End of the period: 1h (ago), or a time (default: now).', helpValue: 'TIME' }),
  output: bundleFlag({
    summary: 'Write to this file: Markdown to .md, JSON to .json.',
    helpValue: 'FILE',
  }),
  force: Flags.boolean({ summary: 'Replace an existing file.', dependsOn: ['output'] }),
  names: Flags.boolean({ summary: 'Show operators as user@host (for your own team).' }),
  reasons: Flags.boolean({
    summary: 'Include the reasons of actions (--no-reasons leaves them out).',
    default: true,
    allowNo: true,
  }),
};

type IncidentFlags = Pick<Interfaces.InferredFlags<typeof incidentFlags>, 'kiosk' | 'since' | 'until'>;

/**
 * Returns the kiosk of an incident; null for an incident of cards.
 * @throws Failure `usage` if both a kiosk and cards are named, or neither
 */
export function toIncidentKiosk({ kiosk }: IncidentFlags, cards: readonly string[]): KioskId | null {
  const kioskId = kiosk ?? null;
  if ((kioskId === null) !== (cards.length === 0)) return kioskId;
  const wrong = kioskId === null ? 'No card or kiosk is set.' : "Cards and --kiosk can't be combined.";
  throw failure('usage', wrong, 'Pass cards, or a kiosk with --kiosk ID.');
}

const aDayAgo: PointInTime = (now) => now - 24 * 3_600_000;

/**
 * Returns the time range of an incident. Without --since: the last day for a kiosk, everything for cards.
 * @throws Failure `usage`
 */
export function toIncidentSpan({ kiosk, since, until }: IncidentFlags, now: number) {
  return toSpan({ since: since ?? (kiosk === undefined ? undefined : aDayAgo), until }, now);
}
