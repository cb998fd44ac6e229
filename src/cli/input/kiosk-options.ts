import { Args } from '@oclif/core';

/** The kiosk that a command works on. */
export const kioskArgs = {
  kiosk: Args.string({ required: true, ignoreStdin: true, description: 'The id of the kiosk.' }),
};

export const optionalKioskArgs = {
  kiosk: Args.string({ multiple: true, ignoreStdin: true, description: 'Only these kiosks, by their ids.' }),
};
