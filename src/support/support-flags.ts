import { Flags } from '@oclif/core';
import { ACTS } from '../domain/act.ts';
import { parseReference } from '../domain/ids.ts';
import { toSpan } from '../events/event-flags.ts';
import { toText } from '../input/flags.ts';
import type { ActSelection } from './log.ts';

/** Which acts the audit trail is to tell. */
export const actSelectionFlags = {
  card: Flags.string({ summary: 'Only on this card, or on its order.', helpValue: 'CARD' }),
  kiosk: Flags.string({ summary: 'Only at this kiosk; may be repeated.', helpValue: 'ID', multiple: true }),
  act: Flags.option({ summary: 'Only this; may be repeated.', options: ACTS, multiple: true })(),
  user: Flags.string({ summary: 'Only by this person: USER or USER@HOST.', helpValue: 'USER' }),
  failed: Flags.boolean({ summary: 'Only those that did not end well, or never ended.' }),
  since: Flags.string({ summary: 'Only what began since then: 2h, or a time.', helpValue: 'TIME' }),
  until: Flags.string({ summary: 'Only what began before then: 2h, or a time.', helpValue: 'TIME' }),
};

interface ActSelectionFlags {
  card?: string | undefined;
  kiosk?: string[] | undefined;
  act?: ActSelection['acts'] | undefined;
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
export function toActSelection(flags: ActSelectionFlags, now: number): ActSelection {
  const [user = null, host = null] = toText(flags.user, '--user')?.split('@', 2) ?? [];
  return {
    card: flags.card === undefined ? null : parseReference(flags.card),
    kioskIds: (flags.kiosk ?? []).map((kiosk) => toText(kiosk, '--kiosk') ?? ''),
    acts: flags.act ?? [],
    user,
    host,
    isFailed: flags.failed,
    ...toSpan(flags, now),
  };
}
