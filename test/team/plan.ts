// A random trial: two machines that send the same cards, and what happens to them, their network and the server.
import { Random } from '../simulation/random.ts';

/** Each machine is one or the other. */
type Side = 0 | 1;

export type Command = 'cards' | 'kiosk' | 'recover';

type DisasterKind =
  | 'kill'
  | 'suspend'
  | 'power off'
  | 'cut'
  | 'freeze the network'
  | 'lose the COMMIT'
  | 'lose its answer'
  | 'terminate backends'
  | 'restart the server'
  | 'lose the answer of Wise'
  | 'kill the listener';

export interface Disaster {
  kind: DisasterKind;
  /** Milliseconds after the command of the machine was started and has printed its context. */
  at: number;
  /** The machine, unless the server is concerned. */
  side: Side;
  /** Milliseconds. */
  lasts: number;
  /** True if the server crashes; false if it ends its sessions first. */
  isCrash: boolean;
}

export interface TrialPlan {
  seed: number;
  cards: number;
  kiosk: string;
  /** True for cards that failed at the kiosk before. */
  isRetry: boolean;
  /** By machine. */
  starts: readonly { command: Command; at: number; wrongBy: number; isContained: boolean }[];
  /** True for two containers of one machine: same boot, different pid namespaces. */
  isOneBoot: boolean;
  disasters: readonly Disaster[];
}

const KIOSKS = ['WIS00001', 'WIS00002', 'WIS00003'];
const WEIGHTS: Readonly<Record<DisasterKind, number>> = {
  kill: 5,
  suspend: 3,
  cut: 2,
  'freeze the network': 3,
  'lose the COMMIT': 3,
  'lose its answer': 3,
  'power off': 2,
  'terminate backends': 2,
  'restart the server': 2,
  'lose the answer of Wise': 2,
  'kill the listener': 1,
};
/** Most of what a command does happens within this time. */
const SPAN_MS = 1_200;

/** @param longest maximum duration of a disaster, in milliseconds */
export function drawPlan(seed: number, longest: number): TrialPlan {
  const random = new Random(seed, 'trial');
  const isRetry = random.chance(0.6);
  const isOneBoot = random.chance(0.2);
  const start = () => ({
    command: isRetry ? random.pick<Command>(['cards', 'cards', 'kiosk', 'recover']) : 'cards',
    at: random.chance(0.5) ? 0 : random.whole(0, 600),
    wrongBy: random.pick([-11_000, 0, 11_000]),
    isContained: isOneBoot || random.chance(0.3),
  });
  return {
    seed,
    cards: random.whole(1, 3),
    kiosk: random.pick(KIOSKS),
    isRetry,
    starts: [start(), start()],
    isOneBoot,
    disasters: Array.from({ length: random.whole(1, 3) }, () => drawDisaster(random, longest)),
  };
}

function drawDisaster(random: Random, longest: number): Disaster {
  return {
    kind: random.weighted(WEIGHTS),
    at: random.chance(0.2) ? 0 : random.magnitude(10, SPAN_MS),
    side: random.chance(0.5) ? 0 : 1,
    lasts: random.magnitude(200, longest),
    isCrash: random.chance(0.5),
  };
}
