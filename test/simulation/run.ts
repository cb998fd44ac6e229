import { start } from './commands.ts';
import { finish, LAST } from './finish.ts';
import { replaceGlobals } from './globals.ts';
import type { Guard } from './mutation.ts';
import { type Plan, QUEUE_MS, type WorldFault } from './plan.ts';
import type { SimulatedProcess } from './process.ts';
import { Random } from './random.ts';
import { Violation } from './truth.ts';
import { type Decider, type Equipment, World } from './world.ts';

/** The end of a schedule. */
export interface End {
  plan: Plan;
  /** The violated guarantee; null for none. */
  broken: string | null;
  processes: number;
  events: number;
  decisions: Map<Decider, number>;
  log: string[];
}

/** Executes a schedule. */
export async function runPlan(plan: Plan, equipment: Equipment, without: Guard | null = null): Promise<End> {
  const world = new World(plan, equipment, without);
  const processes: SimulatedProcess[] = [];
  const restore = replaceGlobals(world, processes);
  let broken: string | null = null;
  try {
    await world.open();
    schedule(world, processes);
    await finish(world, processes);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    broken = error.message;
  } finally {
    restore();
    await world.close();
  }
  const { timeline, decisions, log } = world;
  // Excludes the processes that finish each card.
  const begun = processes.filter(({ plan: { id }, hasBegun }) => hasBegun && !id.startsWith(LAST));
  return { plan, broken, processes: begun.length, events: timeline.events, decisions, log };
}

function schedule(world: World, processes: SimulatedProcess[]): void {
  const { items } = world.plan;
  for (const item of items) {
    if (item.kind === 'process') start(world, { plan: item, processes });
    else if (!('process' in item))
      world.timeline.at(item.at, async () => suffer(world, { fault: item, processes }));
  }
}

async function suffer(
  world: World,
  { fault, processes }: { fault: WorldFault; processes: SimulatedProcess[] },
): Promise<void> {
  const { kind, milliseconds, kiosk } = fault;
  world.trace(kind);
  const { db } = world.disk.current;
  switch (kind) {
    case 'step the calendar':
      world.stepped += milliseconds;
      return;
    case 'suspend the machine': {
      const length = Math.abs(milliseconds);
      for (const process of processes) process.freeze(length);
      world.suspended += length;
      return;
    }
    case 'restart the machine':
      for (const process of processes) if (process.hasBegun) process.kill();
      world.restart();
      return;
    case 'hold a kiosk':
      await db.run(
        `INSERT INTO holds (environment, kiosk_id, reason, context, user, host, held_at)
         VALUES ('sandbox', :kiosk, 'simulated', 'sandbox', 'ada', 'here', 1)`,
        { kiosk },
      );
      return;
    case 'refuse a card':
      refuse(world, fault);
      return;
    case 'replace the journal':
      world.disk.replace();
      world.server?.failOver();
      return;
    case 'back the journal up':
      return world.disk.current.backUp();
    case 'restore the journal':
      // The client itself marks a database that has failed over.
      await restore(world);
      world.server?.failOver();
      return;
  }
}

/** Restores the backup, if there is one. A server fails over in any case, which cancels plans too. */
async function restore({ disk, server, mutation, truth }: World): Promise<void> {
  const isRestored = await disk.restore({ isMarked: !server && mutation.without !== 'generation' });
  if (isRestored || server) truth.plans.end();
}

function refuse({ vendor, plan }: World, { at }: WorldFault): void {
  const codes = [
    'PRINTER_OR_SATELLITE_NOT_READY',
    'UNABLE_TO_ACCEPT_REQUEST',
    'REQUEST_CREATED_BUT_NOT_STARTED',
  ];
  const code = new Random(plan.seed, at).pick(codes);
  if (code === 'REQUEST_CREATED_BUT_NOT_STARTED') vendor.refuseNext(code, QUEUE_MS);
  else vendor.refuseNext(code);
}
