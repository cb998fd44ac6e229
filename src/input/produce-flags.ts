import { Flags } from '@oclif/core';
import { byFlag, type ProduceOptions, type Simulation, toProduceSettings } from '../domain/production.ts';
import { flagKind, naming, simulationFlag } from './flags.ts';

/** Flags of commands that send a card to a kiosk: the fields of the produce request, and the simulated result. */
export const sendFlags = {
  ...byFlag(({ parse, summary, helpValue }) => flagKind(naming(parse))({ summary, helpValue })),
  simulate: simulationFlag({
    helpGroup: 'SANDBOX',
    summary: 'Set the production result: PRODUCED or PRODUCTION_ERROR[:CODE]. Implies --wait.',
    helpValue: 'STATUS[:CODE]',
  }),
};

/** Flags of commands that send cards to a kiosk, and wait for the result only with `--wait`. */
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
