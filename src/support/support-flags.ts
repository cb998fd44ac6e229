import { extname } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { ACTIONS } from '../domain/action.ts';
import { Failure } from '../domain/errors/failure.ts';
import { type KioskId, parseReference } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { toSpan } from '../events/event-flags.ts';
import { toKioskId, toText } from '../input/flags.ts';
import type { ActionSelection } from './log.ts';

/** Flags that filter the audit log. */
export const actSelectionFlags = {
  card: Flags.string({ summary: 'Only on this card, or on its order.', helpValue: 'CARD' }),
  kiosk: Flags.string({ summary: 'Only at this kiosk; may be repeated.', helpValue: 'ID', multiple: true }),
  act: Flags.option({ summary: 'Only this; may be repeated.', options: ACTIONS, multiple: true })(),
  user: Flags.string({ summary: 'Only by this person: USER or USER@HOST.', helpValue: 'USER' }),
  failed: Flags.boolean({ summary: 'Only those that did not end well, or never ended.' }),
  since: Flags.string({ summary: 'Only what began since then: 2h, or a time.', helpValue: 'TIME' }),
  until: Flags.string({ summary: 'Only what began before then: 2h, or a time.', helpValue: 'TIME' }),
};

interface ActSelectionFlags {
  card?: string | undefined;
  kiosk?: string[] | undefined;
  act?: ActionSelection['acts'] | undefined;
  user?: string | undefined;
  failed: boolean;
  since?: string | undefined;
  until?: string | undefined;
}

/**
 * Makes a selection of acts out of flags.
 * @param now milliseconds since the epoch
 * @throws Failure `usage`, `invalid-reference`
 */
export function toActionSelection(flags: ActSelectionFlags, now: number): ActionSelection {
  const [user = null, host = null] = toText(flags.user, '--user')?.split('@', 2) ?? [];
  return {
    card: flags.card === undefined ? null : parseReference(flags.card),
    kioskIds: (flags.kiosk ?? []).flatMap((kiosk) => toKioskId(kiosk, '--kiosk') ?? []),
    acts: flags.act ?? [],
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
      'A card token or an order id, alone or as PROFILE/CARD; - reads them from standard input. Or --kiosk.',
  }),
};

export const incidentFlags = {
  kiosk: Flags.string({ summary: 'All cards of this kiosk in the time, instead of CARD.', helpValue: 'ID' }),
  since: Flags.string({
    summary: 'What came since then: 4h, or a time (default with --kiosk: 24h; with CARD: all).',
    helpValue: 'TIME',
  }),
  until: Flags.string({ summary: 'What came before then: 1h, or a time (default: now).', helpValue: 'TIME' }),
  output: Flags.string({
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

interface IncidentFlags {
  kiosk?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

/** The kiosk of an incident; null for one of cards. @throws Failure `usage` unless it is one of both */
export function toIncidentKiosk({ kiosk }: IncidentFlags, cards: readonly string[]): KioskId | null {
  const kioskId = toKioskId(kiosk, '--kiosk');
  if ((kioskId === null) !== (cards.length === 0)) return kioskId;
  const wrong = kioskId === null ? 'What is the incident about?' : 'Cards and --kiosk were named together.';
  throw new Failure('usage', wrong, { hint: 'Name cards, or a kiosk with --kiosk ID.' });
}

const DEFAULT_SINCE = '24h';

/** From when until when; without --since, a kiosk has its last day, and a card everything. @throws Failure `usage` */
export function toIncidentSpan({ kiosk, since, until }: IncidentFlags, now: number) {
  const from = since ?? (kiosk === undefined ? undefined : DEFAULT_SINCE);
  return toSpan({ since: from, until }, now);
}

/** Returns the format of a file by its extension. @throws Failure `usage` */
export function toFormat(file: string): 'markdown' | 'json' {
  const extension = extname(file).toLowerCase();
  if (extension === '.json') return 'json';
  if (extension === '.md') return 'markdown';
  throw new Failure('usage', `--output: what is to be in “${printable(file)}”?`, {
    hint: 'Name a file that ends with .md for Markdown, or with .json for JSON.',
  });
}
