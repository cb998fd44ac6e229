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
  card: referenceFlag({ summary: 'Only on this card, or on its order.', helpValue: 'CARD' }),
  kiosk: kioskFlag({ summary: 'Only at this kiosk; may be repeated.', helpValue: 'ID', multiple: true }),
  action: Flags.option({
    aliases: ['act'],
    summary: 'Only this; may be repeated.',
    options: ACTIONS,
    multiple: true,
  })(),
  user: textFlag({ summary: 'Only by this person: USER or USER@HOST.', helpValue: 'USER' }),
  failed: Flags.boolean({ summary: 'Only those that did not end well, or never ended.' }),
  since: timeFlag({ summary: 'Only what began since then: 2h, a date, or a time.', helpValue: 'TIME' }),
  until: timeFlag({ summary: 'Only what began before then: 2h, a date, or a time.', helpValue: 'TIME' }),
};

/**
 * Makes a selection of acts out of flags.
 * @param now milliseconds since the epoch
 * @throws Failure `usage`
 */
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
      'A card token or its first digits, or an order id, alone or as PROFILE/CARD; - reads them from standard input. Or --kiosk.',
  }),
};

/** Flag for a file, whose extension sets the format. */
const bundleFlag = flagKind((file): { file: string; format: 'markdown' | 'json' } => {
  const extension = extname(file).toLowerCase();
  if (extension === '.json') return { file, format: 'json' };
  if (extension === '.md') return { file, format: 'markdown' };
  throw failure(
    'usage',
    `--output: what is to be in “${printable(file)}”?`,
    'Name a file that ends with .md for Markdown, or with .json for JSON.',
  );
});

export const incidentFlags = {
  kiosk: kioskFlag({ summary: 'All cards of this kiosk in the time, instead of CARD.', helpValue: 'ID' }),
  since: timeFlag({
    summary: 'What came since then: 4h, or a time (default with --kiosk: 24h; with CARD: all).',
    helpValue: 'TIME',
  }),
  until: timeFlag({ summary: 'What came before then: 1h, or a time (default: now).', helpValue: 'TIME' }),
  output: bundleFlag({
    summary: 'Write it into this file: Markdown into .md, JSON into .json.',
    helpValue: 'FILE',
  }),
  force: Flags.boolean({ summary: 'Write over a file that is there.', dependsOn: ['output'] }),
  names: Flags.boolean({ summary: 'Name operators as user@host, for their own team.' }),
  reasons: Flags.boolean({
    summary: 'Without --no-reasons, the reasons of acts are in it.',
    default: true,
    allowNo: true,
  }),
};

type IncidentFlags = Pick<Interfaces.InferredFlags<typeof incidentFlags>, 'kiosk' | 'since' | 'until'>;

/** Returns the kiosk of an incident; null for an incident of cards. @throws Failure `usage` for neither or both */
export function toIncidentKiosk({ kiosk }: IncidentFlags, cards: readonly string[]): KioskId | null {
  const kioskId = kiosk ?? null;
  if ((kioskId === null) !== (cards.length === 0)) return kioskId;
  const wrong = kioskId === null ? 'What is the incident about?' : 'Cards and --kiosk were named together.';
  throw failure('usage', wrong, 'Name cards, or a kiosk with --kiosk ID.');
}

const aDayAgo: PointInTime = (now) => now - 24 * 3_600_000;

/** Reads the time range of an incident: without --since, the last day of a kiosk, or all of a card. @throws Failure `usage` */
export function toIncidentSpan({ kiosk, since, until }: IncidentFlags, now: number) {
  return toSpan({ since: since ?? (kiosk === undefined ? undefined : aDayAgo), until }, now);
}
