import { start } from './commands.ts';
import type { SimulatedProcess } from './process.ts';
import { Violation } from './truth.ts';
import type { World } from './world.ts';

/** Maximum duration of a schedule. After it, nothing may be left to do. */
const LONGEST_MS = 3_600_000;
/** Id prefix of the processes that finish each card. */
export const LAST = 'last';
/** Longer than every settle window. */
const AFTERWARDS_MS = 700_000;

/** Ends all faults, waits until every settle window has passed, and finishes each card. */
export async function finish(world: World, processes: SimulatedProcess[]): Promise<void> {
  const { timeline, disk } = world;
  const last = Math.max(0, ...world.plan.items.map((item) => ('at' in item ? item.at : 0)));
  await runUntil(
    world,
    last + 400_000,
    () => processes.every(({ isRunning }) => !isRunning) && timeline.now >= last,
  );
  world.isOver = true;
  world.vendor.clearFaults();
  await disk.current.db.run('UPDATE holds SET released_at = 2 WHERE released_at IS NULL');
  await runUntil(world, timeline.now + LONGEST_MS, () => processes.every(({ isRunning }) => !isRunning));
  const stuck = processes.find(({ isRunning }) => isRunning);
  if (stuck) throw new Violation(`${stuck.id} never ends`);
  await runUntil(world, timeline.now + AFTERWARDS_MS, () => false);
  timeline.now += AFTERWARDS_MS;
  for (const card of world.cards.keys()) await complete(world, { card: card + 1, processes });
}

async function complete(
  world: World,
  { card, processes }: { card: number; processes: SimulatedProcess[] },
): Promise<void> {
  const known = world.cards[card - 1];
  if (!known) return;
  world.vendor.tick();
  if (world.vendor.orderStatus(known.orderId) === 'CANCELLED') return;
  const kind =
    world.vendor.productionOf(known.cardToken)?.status === 'PRODUCTION_ERROR' ? 'retry' : 'produce';
  const id = `${LAST} ${card}`;
  const kiosk = (world.vendor.productionOf(known.cardToken)?.kioskId ?? 'WIS00001') as 'WIS00001';
  const command = { kind, card, kiosk, wait: true, timeout: 600_000 } as const;
  const process = start(world, {
    plan: { kind: 'process', id, at: world.timeline.now, network: 'calm', isContained: false, command },
    processes,
  });
  await runUntil(world, world.timeline.now + LONGEST_MS, () => !process.isRunning);
  const { status } = world.vendor.productionOf(known.cardToken) ?? {};
  if (process.exitCode !== 0)
    throw new Violation(`at the end, ${kind} ends with ${process.exitCode ?? 'nothing'}`);
  if (status !== 'PRODUCED') throw new Violation(`at the end, the card is ${status}`);
}

async function runUntil(world: World, until: number, isDone: () => boolean): Promise<void> {
  while (!isDone() && (await world.timeline.next(until)));
}
