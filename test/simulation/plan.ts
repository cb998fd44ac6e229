import { Random } from './random.ts';

export type Kiosk = 'WIS00001' | 'WIS00002';

/** A command that a user starts. Cards are numbered. */
export interface Command {
  kind:
    | 'produce'
    | 'retry'
    | 'abandon'
    | 'wait-produced'
    | 'cancel'
    | 'listen'
    | 'run'
    | 'resume'
    | PlanCommand;
  card: number;
  kiosk: Kiosk;
  /** True to wait for the result. */
  wait: boolean;
  /** Milliseconds. */
  timeout: number;
}

/** Commands about detached plans. `serve`: a server that carries them out. */
type PlanCommand = 'detach' | 'serve' | 'approve a plan' | 'cancel a plan';

export type NetworkKind = 'calm' | 'slow' | 'lossy';

export interface ProcessPlan {
  kind: 'process';
  id: string;
  /** Milliseconds from the start of the schedule. */
  at: number;
  network: NetworkKind;
  /** True for a process in a container, whose process id others can't see. */
  isContained: boolean;
  command: Command;
}

/** A fault of a process at its n-th call of a port: of any port, or of a named one. */
export interface ProcessFault {
  kind: 'kill' | 'freeze' | 'interrupt' | 'interrupt twice';
  process: string;
  port: string | null;
  time: number;
  /** Duration of a freeze. */
  milliseconds: number;
}

/** An event that affects all processes. */
export interface WorldFault {
  kind:
    | 'step the calendar'
    | 'suspend the machine'
    | 'restart the machine'
    | 'hold a kiosk'
    | 'refuse a card'
    | JournalFault;
  at: number;
  milliseconds: number;
  kiosk: Kiosk;
}

type JournalFault = 'replace the journal' | 'back the journal up' | 'restore the journal';

export type Item = ProcessPlan | ProcessFault | WorldFault;

/** A schedule: everything that is decided before it runs. The rest is drawn from its seed. */
export interface Plan {
  seed: number;
  cards: number;
  /** Maximum age of the production that a read returns, in milliseconds. */
  lag: number;
  /** True for a journal on a server. */
  isServer: boolean;
  items: Item[];
}

/** The features that schedules may use. */
export interface Model {
  stepsCalendar: boolean;
  suspends: boolean;
  restarts: boolean;
  replacesJournal: boolean;
  restoresJournal: boolean;
  /** True for a journal on a PostgreSQL server. Restoring it is a failover then. */
  isServer: boolean;
  /** True for schedules of servers that carry out detached plans. */
  hasPlans: boolean;
}

const MOST_PORTS = 30;
/** Ports between which a command decides. Faults are equally likely at each of them. */
const PORTS = [
  'takeLeases',
  'claim',
  'connect',
  'GET cards/production',
  'listAttempts',
  'markSent',
  'renewLeases',
  'PUT cards/production',
  'update',
  'ask',
  'sleep',
];
/** Time for which Wise queues a request without showing it. */
export const QUEUE_MS = 20_000;
/** See `network.ts`: kioskctl's settle windows are longer than delivery and lag together. */
const MOST_LAG_MS = 8_000;

export function drawPlan(seed: number, model: Model): Plan {
  const random = new Random(seed, 'plan');
  if (model.hasPlans) return drawPlanOfServers(random, seed, model);
  const cards = random.chance(0.8) ? 1 : 2;
  const processes = Array.from({ length: random.whole(3, 6) }, (_, index) =>
    drawProcess(random, { id: `P${index + 1}`, cards, isServer: model.isServer }),
  );
  // Schedules differ in how much goes wrong.
  const trouble = random.pick([0.15, 0.4, 0.7]);
  const faults = processes.flatMap(({ id }) =>
    random.chance(trouble) ? [drawProcessFault(random, id)] : [],
  );
  const lag = random.chance(0.3) ? random.magnitude(500, MOST_LAG_MS) : 0;
  const { isServer } = model;
  return { seed, cards, lag, isServer, items: [...processes, ...faults, ...drawWorldFaults(random, model)] };
}

/** Ports between which a server decides about a plan. */
const SERVER_PORTS = [...PORTS, 'changePlan', 'listPlanCards', 'savePlanCard', 'startAction', 'findPlan'];

/** Draws a schedule in which cards fail, users hand over plans, and servers with faults carry them out. */
function drawPlanOfServers(random: Random, seed: number, model: Model): Plan {
  const cards = random.whole(1, 2);
  const kinds: [Command['kind'], number, () => number][] = [
    ['detach', random.whole(1, 3), () => random.magnitude(5_000, 90_000)],
    [
      'serve',
      random.whole(2, 3),
      () => random.pick([0, random.whole(0, 30_000), random.whole(20_000, 300_000)]),
    ],
    ['retry', random.whole(0, 1), () => random.magnitude(10_000, 120_000)],
    ['approve a plan', random.whole(0, 2), () => random.whole(60_000, 300_000)],
    ['cancel a plan', random.chance(0.15) ? 1 : 0, () => random.magnitude(10_000, 120_000)],
  ];
  const processes = kinds.flatMap(([kind, count, at]) =>
    Array.from({ length: count }, () => ({ kind, at: at() })),
  );
  const first = Array.from({ length: cards }, () => ({
    kind: 'produce' as const,
    at: random.whole(0, 1_000),
  }));
  const items = [...first, ...processes].map(({ kind, at }, index): ProcessPlan => {
    const timeout = random.pick(kind === 'serve' ? [60_000, 240_000] : [180_000]);
    const command: Command = { kind, card: (index % cards) + 1, kiosk: 'WIS00001', wait: true, timeout };
    const network = index < cards ? 'calm' : random.weighted({ calm: 4, slow: 3, lossy: 4 });
    return { kind: 'process', id: `P${index + 1}`, at, network, isContained: random.chance(0.2), command };
  });
  const faults = items.flatMap(({ id, command }) =>
    random.chance(command.kind === 'serve' ? 0.6 : command.kind === 'produce' ? 0 : 0.15)
      ? [{ ...drawProcessFault(random, id), ...drawPort(random) }]
      : [],
  );
  const lag = random.chance(0.2) ? random.magnitude(500, MOST_LAG_MS) : 0;
  const { isServer } = model;
  const world = drawWorldFaults(random, model).map((fault) => ({ ...fault, at: fault.at + 10_000 }));
  return { seed, cards, lag, isServer, items: [...items, ...faults, ...world] };
}

function drawPort(random: Random): Pick<ProcessFault, 'port' | 'time'> {
  return random.chance(0.7)
    ? { port: random.pick(SERVER_PORTS), time: random.pick([1, 1, 2, 3]) }
    : { port: null, time: random.whole(1, 10 * MOST_PORTS) };
}

function drawProcess(
  random: Random,
  { id, cards, isServer }: { id: string; cards: number; isServer: boolean },
): ProcessPlan {
  const kind = random.weighted({
    produce: 44,
    retry: 20,
    abandon: 6,
    'wait-produced': 6,
    cancel: 8,
    // A team may have several listeners.
    listen: isServer ? 30 : 8,
    run: 4,
    resume: 8,
  });
  return {
    kind: 'process',
    id,
    at: drawStart(random),
    network: random.weighted({ calm: 4, slow: 3, lossy: 4 }),
    isContained: random.chance(0.2),
    command: {
      kind,
      card: random.whole(1, cards),
      kiosk: random.chance(0.8) ? 'WIS00001' : 'WIS00002',
      wait: random.chance(0.5),
      timeout: random.pick([15_000, 60_000, 180_000]),
    },
  };
}

function drawStart(random: Random): number {
  return random.pick([
    random.whole(0, 2_500),
    random.whole(0, 2_500),
    random.magnitude(2_500, 60_000),
    random.whole(30_000, 240_000),
  ]);
}

function drawProcessFault(random: Random, process: string): ProcessFault {
  return {
    kind: random.weighted({ kill: 4, freeze: 5, interrupt: 1, 'interrupt twice': 1 }),
    process,
    ...(random.chance(0.5)
      ? { port: random.pick(PORTS), time: random.pick([1, 1, 2]) }
      : { port: null, time: random.whole(1, MOST_PORTS) }),
    milliseconds: random.chance(0.35) ? random.whole(100_000, 260_000) : random.magnitude(1_000, 100_000),
  };
}

function drawWorldFaults(random: Random, model: Model): WorldFault[] {
  const kinds: [WorldFault['kind'], number, boolean][] = [
    ['hold a kiosk', 0.2, true],
    ['refuse a card', 0.25, true],
    ['step the calendar', 0.3, model.stepsCalendar],
    ['suspend the machine', 0.1, model.suspends],
    ['restart the machine', 0.08, model.restarts],
    ['replace the journal', 0.12, model.replacesJournal],
    ['back the journal up', 0.25, model.restoresJournal],
    ['restore the journal', 0.25, model.restoresJournal],
  ];
  return kinds.flatMap(([kind, probability, isPossible]) => {
    // Always drawn, so that a disabled feature does not change other draws.
    const fault: WorldFault = {
      kind,
      at: random.chance(0.5) ? random.whole(0, 3_000) : random.magnitude(1_000, 120_000),
      milliseconds: (random.chance(0.5) ? 1 : -1) * random.magnitude(1_000, 3_600_000),
      kiosk: random.chance(0.8) ? 'WIS00001' : 'WIS00002',
    };
    return random.chance(probability) && isPossible ? [fault] : [];
  });
}

export function describeItem(item: Item): string {
  if (item.kind === 'process') {
    const { id, at, network, isContained, command } = item;
    const { kind, card, kiosk, wait, timeout } = command;
    const flags = `${wait ? ' --wait' : ''} --timeout ${timeout} ms, network ${network}${isContained ? ', in a container' : ''}`;
    return `${id} at ${at} ms: ${kind} card ${card} on ${kiosk}${flags}`;
  }
  if ('process' in item) {
    const duration = item.kind === 'freeze' ? ` for ${item.milliseconds} ms` : '';
    const port = item.port === null ? `its port ${item.time}` : `its ${item.port} number ${item.time}`;
    return `${item.process} at ${port}: ${item.kind}${duration}`;
  }
  return `at ${item.at} ms: ${item.kind} (${item.kiosk}, ${item.milliseconds} ms)`;
}
