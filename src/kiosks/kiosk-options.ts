import { Args } from '@oclif/core';
import { parseKioskId } from '../domain/kiosk-id.ts';
import { toText } from '../input/flags.ts';

/** The kiosk that a command works on. */
export const kioskArgs = {
  kiosk: Args.string({ required: true, ignoreStdin: true, description: 'The id of the kiosk.' }),
};

export const optionalKioskArgs = {
  kiosk: Args.string({ multiple: true, ignoreStdin: true, description: 'Only these kiosks, by their ids.' }),
};

/** The kiosk that a flag names; null without the flag. @throws Failure `usage` */
export function toKioskId(text: string | undefined, flag: string): string | null {
  const given = toText(text, flag);
  return given === null ? null : parseKioskId(given);
}
