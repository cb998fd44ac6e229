import { Flags } from '@oclif/core';
import { Failure } from '../domain/errors/failure.ts';
import { parseReference } from '../domain/ids.ts';
import { toText } from '../input/flags.ts';
import type { Spoiled } from './rejected-cards.ts';
import { courseFlags } from './retry-options.ts';

/** What a person at the kiosk is asked otherwise. */
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
