import { cancel } from '../../src/cards/cancel.ts';
import { produce } from '../../src/cards/produce.ts';
import { retry } from '../../src/cards/retry.ts';
import type { CardRequest } from '../../src/cards/session/resolve-cards.ts';
import { waitProduced } from '../../src/cards/wait-produced.ts';
import type { Context } from '../../src/context/context.ts';
import { asFailure } from '../../src/domain/errors/failure.ts';
import { type CardToken, parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { CardResult } from '../../src/domain/results.ts';
import { EventChoice } from '../../src/events/event-filter.ts';
import { listen } from '../../src/events/listen.ts';
import { openContext } from './context.ts';
import { replaceGlobals } from './globals.ts';
import type { Guard } from './mutation.ts';
import { type Command, type Plan, type ProcessPlan, QUEUE_MS, type WorldFault } from './plan.ts';
import { SimulatedProcess } from './process.ts';
import { Random } from './random.ts';
import { resume, run } from './scenario.ts';
import { Violation } from './truth.ts';
import { PROFILE } from './vendor.ts';
import { type Decider, type Equipment, World } from './world.ts';

/** How a schedule ended. */
export interface End {
  plan: Plan;
  /** What was broken; null if all promises were kept. */
  broken: string | null;
  processes: number;
  events: number;
  decisions: Map<Decider, number>;
  log: string[];
}

/** The longest schedule: after this time nothing may be left to do. */
const LONGEST_MS = 3_600_000;
const LAST = 'last';
/** Longer than any window. */
const AFTERWARDS_MS = 700_000;

/** Runs one schedule to its end. */
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
  // Without those that bring each card to its end.
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

function start(
  world: World,
  { plan, processes }: { plan: ProcessPlan; processes: SimulatedProcess[] },
): SimulatedProcess {
  const faults = world.plan.items.filter((item) => 'process' in item && item.process === plan.id);
  const process = new SimulatedProcess(world, plan, faults as never);
  processes.push(process);
  world.timeline.at(plan.at, () =>
    process.wake(0, () => {
      process.hasBegun = true;
      world.trace(`${process.id} begins: ${plan.command.kind} card ${plan.command.card}`);
      const context = openContext(world, process);
      const target = requestOf(world, plan.command);
      const end = (exitCode: number) => {
        process.end(exitCode);
        world.truth.end(process, target, exitCode);
      };
      void work(context, plan, target).then(
        // A run or a card that a signal ended has none.
        (exitCode) => end(exitCode ?? 130),
        (error: unknown) => {
          end(asFailure(error).exitCode);
          if (asFailure(error).exitCode === 1)
            world.truth.broken ??= new Violation(`a bug: ${String((error as Error).stack)}`);
        },
      );
    }),
  );
  return process;
}

type Target = CardRequest & { orderId: number; cardToken: CardToken };

function requestOf({ cards }: World, { card }: Command): Target {
  const known = cards[card - 1];
  if (!known) throw new TypeError('no such card');
  return { profileId: PROFILE, orderId: known.orderId, cardToken: parseCardToken(known.cardToken) };
}

/** @returns the exit code */
async function work(ctx: Context, { id, command }: ProcessPlan, target: Target): Promise<number | null> {
  const { kind, kiosk, wait, timeout } = command;
  const targets = [target];
  const kioskId = parseKioskId(kiosk);
  const options = { targets, wait, simulation: null };
  switch (kind) {
    case 'produce':
      return exitCodeOf(await produce(ctx, { ...options, kioskId }));
    case 'retry':
    case 'abandon':
      return exitCodeOf(await retry(ctx, { ...options, toKiosk: kioskId, abandon: kind === 'abandon' }));
    case 'wait-produced':
      return exitCodeOf(await waitProduced(ctx, { targets, via: 'poll' }));
    case 'cancel':
      return exitCodeOf(await cancel(ctx, targets));
    case 'run':
      return (await run(ctx, { id, card: target, kioskId })).exitCode;
    case 'resume':
      return (await resume(ctx, { id, card: target, kioskId })).exitCode;
    case 'listen':
      await listenUntil(ctx, timeout);
      return 0;
  }
}

function exitCodeOf([result]: readonly CardResult[]): number | null {
  return result?.exitCode ?? null;
}

/** Listens until somebody ends it after a while. */
async function listenUntil(ctx: Context, milliseconds: number): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([ctx.signal, over.signal]);
  void ctx.stopwatch.sleep(milliseconds, ctx.signal).then(
    () => over.abort(),
    () => undefined,
  );
  const choice = new EventChoice({ type: [], card: [], kiosk: [], status: [] });
  const options = { host: '127.0.0.1', port: 0, path: '/', keys: [], choice, forwardTo: null, catchUp: 0 };
  await listen({ ...ctx, signal }, options, () => undefined);
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
      return world.disk.replace();
    case 'back the journal up':
      return world.disk.current.backUp();
    case 'restore the journal':
      return world.disk.restore();
  }
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

/** Ends all faults, waits until every window has passed, and brings each card to its end. */
async function finish(world: World, processes: SimulatedProcess[]): Promise<void> {
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
