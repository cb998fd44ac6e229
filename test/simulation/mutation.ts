import type { VendorRequest } from '../../src/wise/vendor-request.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

/** The guards that prevent sending a card twice. A mutant of kioskctl lacks one of them. */
export const GUARDS = ['claim', 'read', 'settle', 'staleness', 'lease', 'identity', 'generation'] as const;
/**
 * Guards of a journal on a server: looking up a lost COMMIT, the lock that serializes writers, and the check that the
 * server has answered within 5 seconds.
 */
export const SERVER_GUARDS = ['commit', 'lock', 'liveness'] as const;
/**
 * Guards of detached plans: the time within which one must start, the gap after which it pauses, the conditions of the
 * statement that records a request, the generation of the journal in which it was approved, the failed canary of an
 * earlier server, and the condition that only the executor stores results.
 */
export const PLAN_GUARDS = ['expiry', 'gap', 'plan', 'restore', 'canary', 'fence'] as const;
export type Guard = (typeof GUARDS)[number] | (typeof SERVER_GUARDS)[number] | (typeof PLAN_GUARDS)[number];

/** Disables one guard of the simulated processes, at their ports. */
export class Mutation {
  readonly without: Guard | null;
  readonly #world: World;
  readonly #claims = new Set<SimulatedProcess>();
  readonly #read = new Map<SimulatedProcess, unknown>();

  constructor(world: World, without: Guard | null) {
    this.#world = world;
    this.without = without;
  }

  /** Records that a process has claimed a card, or has finished with its claim. */
  claims(process: SimulatedProcess, isClaimed: boolean): void {
    if (isClaimed) this.#claims.add(process);
    else this.#claims.delete(process);
    if (isClaimed) this.pin(process);
    else this.unpin(process);
  }

  /** For a mutant without the read before sending. @returns the assumed production; undefined to read it */
  skipsRead(process: SimulatedProcess, { path }: VendorRequest): unknown {
    if (this.without !== 'read' || !this.#claims.has(process) || !path.endsWith('/production'))
      return undefined;
    const ready = { status: 'READY', kioskId: null, occurredAt: '2026-03-01T11:00:01Z', errorCode: null };
    return this.#read.get(process) ?? { ...ready, description: null };
  }

  hasRead(process: SimulatedProcess, { path }: VendorRequest, output: unknown): void {
    if (this.without === 'read' && path.endsWith('/production')) this.#read.set(process, output);
  }

  /** Stops the clocks of a mutant that does not check how old its read is. */
  pin(process: SimulatedProcess): void {
    const { timeline, suspended } = this.#world;
    if (this.without === 'staleness') process.pinned ??= { time: timeline.now, suspended };
  }

  unpin(process: SimulatedProcess): void {
    process.pinned = null;
  }
}
