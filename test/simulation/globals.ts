import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { PostgresSession } from '../../src/postgres/session.ts';
import type { SimulatedProcess } from './process.ts';
import { Random } from './random.ts';
import { openSession } from './server-session.ts';
import type { World } from './world.ts';

/** Above all process ids of the system. */
const FIRST_PID = 10_000_000;

/**
 * Replaces timers, randomness and process ids by those of the running simulated process.
 * @returns a function that restores them
 */
export function replaceGlobals(world: World, processes: readonly SimulatedProcess[]): () => void {
  const ends = [
    replaceRandom(world),
    replaceTimers(world),
    replacePids(world, processes),
    ...(world.server ? [replaceServer(world)] : []),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function replaceRandom({ plan }: World): () => void {
  const { random } = Math;
  const drawn = new Random(plan.seed, 'jitter');
  Math.random = () => drawn.next();
  return () => {
    Math.random = random;
  };
}

function replaceTimers(world: World): () => void {
  const { setInterval: every, clearInterval: clear } = globalThis;
  const owners = new Map<object, SimulatedProcess>();
  const set = (act: () => void, milliseconds: number): object => {
    const { running } = world;
    if (!running) return every(act, milliseconds);
    const timer = running.repeat(act, milliseconds);
    owners.set(timer, running);
    return timer;
  };
  const end = (timer?: NodeJS.Timeout): void => {
    const owner = timer && owners.get(timer);
    if (owner) owner.clearTimer(timer);
    else clear(timer);
  };
  Object.assign(globalThis, { setInterval: set, clearInterval: end });
  return () => void Object.assign(globalThis, { setInterval: every, clearInterval: clear });
}

/** Replaces the connection to a server, and what its client uses to wait and to measure times. */
function replaceServer(world: World): () => void {
  const open = PostgresSession.open.bind(PostgresSession);
  const { setTimeout: pause } = timers;
  const { setImmediate: later, performance } = globalThis;
  const now = performance.now.bind(performance);
  PostgresSession.open = async (_, limits) => openSession(world, limits);
  timers.setTimeout = (async (milliseconds: number) =>
    world.running ? world.running.pause('pause', milliseconds) : pause(milliseconds)) as typeof pause;
  syncBuiltinESMExports();
  Object.assign(globalThis, {
    setImmediate: (act: () => void) => (world.running ? queueMicrotask(act) : later(act)),
  });
  performance.now = () => (world.running ? world.timeline.now - world.suspended : now());
  return () => {
    PostgresSession.open = open;
    timers.setTimeout = pause;
    syncBuiltinESMExports();
    Object.assign(globalThis, { setImmediate: later });
    performance.now = now;
  };
}

function replacePids(world: World, processes: readonly SimulatedProcess[]): () => void {
  const { pid } = process;
  const kill = process.kill.bind(process);
  const pidOf = () => (world.running ? FIRST_PID + processes.indexOf(world.running) : pid);
  Object.defineProperty(process, 'pid', { configurable: true, get: pidOf });
  process.kill = (id, signal) => {
    const simulated = processes[id - FIRST_PID];
    if (!simulated) return kill(id, signal);
    if (simulated.isRunning) return true;
    throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
  };
  return () => {
    process.kill = kill;
    Object.defineProperty(process, 'pid', { configurable: true, writable: true, value: pid });
  };
}
