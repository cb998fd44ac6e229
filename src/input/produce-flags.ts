import { Flags } from '@oclif/core';
import { byFlag, type ProduceOptions, type Simulation, toProduceSettings } from '../domain/production.ts';
import { flagKind, naming, simulationFlag } from './flags.ts';

/** The flags of a request that sends a card to a kiosk: each field of the request that a user may set, and its result. */
export const sendFlags = {
  ...byFlag(({ parse, summary, helpValue }) => flagKind(naming(parse))({ summary, helpValue })),
  simulate: simulationFlag({
    helpGroup: 'SANDBOX',
    summary: 'Set the production result: PRODUCED or PRODUCTION_ERROR[:CODE]. Implies --wait.',
    helpValue: 'STATUS[:CODE]',
  }),
};

/** For commands that send cards to a kiosk, and wait for them only with `--wait`. */
export const followFlags = {
  wait: Flags.boolean({ helpGroup: 'WAITING', summary: 'Wait until the card is produced.' }),
  ...sendFlags,
};

export function toProduceOptions(flags: {
  wait?: boolean;
  simulate?: Simulation | undefined;
}): ProduceOptions {
  const { wait = false, simulate: simulation = null } = flags;
  return { settings: toProduceSettings(flags), wait, simulation };
}
