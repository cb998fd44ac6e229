import type { VendorRequest } from '../../src/wise/vendor-request.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

/** What keeps a card from being sent twice. Each has a mutant of kioskctl without it. */
export const GUARDS = ['claim', 'read', 'settle', 'staleness', 'lease', 'identity', 'generation'] as const;
export type Guard = (typeof GUARDS)[number];

/** Takes one guard away from the processes of a simulation, at their ports. */
export class Mutation {
  readonly without: Guard | null;
  readonly #world: World;
  readonly #claims = new Set<SimulatedProcess>();
  readonly #read = new Map<SimulatedProcess, unknown>();

  constructor(world: World, without: Guard | null) {
    this.#world = world;
    this.without = without;
  }

  /** A process has claimed a card, or is done with its claim. */
  claims(process: SimulatedProcess, isClaimed: boolean): void {
    if (isClaimed) this.#claims.add(process);
    else this.#claims.delete(process);
    if (isClaimed) this.pin(process);
    else this.unpin(process);
  }

  /** @returns what a process without the read before a sending takes for the production; undefined to read it */
  skipsRead(process: SimulatedProcess, { path }: VendorRequest): unknown {
    if (this.without !== 'read' || !this.#claims.has(process) || !path.endsWith('/production'))
      return undefined;
    const ready = { status: 'READY', kioskId: null, occurredAt: '2026-03-01T11:00:01Z', errorCode: null };
    return this.#read.get(process) ?? { ...ready, description: null };
  }

  hasRead(process: SimulatedProcess, { path }: VendorRequest, output: unknown): void {
    if (this.without === 'read' && path.endsWith('/production')) this.#read.set(process, output);
  }

  /** Stops the clocks of a process that does not look at its own delay. */
  pin(process: SimulatedProcess): void {
    const { timeline, suspended } = this.#world;
    if (this.without === 'staleness') process.pinned ??= { time: timeline.now, suspended };
  }

  unpin(process: SimulatedProcess): void {
    process.pinned = null;
  }
}
