import PQueue from 'p-queue';
import type { Context } from '../context/context.ts';
import { leased, leaseOnKiosk } from '../context/leases.ts';
import { poll } from '../context/poll.ts';

/** A kiosk that a card has to itself. */
export interface KioskTurn {
  kioskId: string;
  /** Lets the next card in. */
  end(): Promise<void>;
}

/** One card at a time at each kiosk, from its request to its result: in this run, and beside other processes. */
export class KioskTurns {
  readonly #queues = new Map<string, PQueue>();

  /**
   * Waits until a kiosk is free.
   * @throws Failure `leased` when another process works there until the deadline; the signal's reason
   */
  async take(ctx: Context, kioskId: string): Promise<KioskTurn> {
    const granted = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    const wait = async () => {
      granted.resolve();
      await over.promise;
    };
    this.#queueOf(kioskId).add(wait, { signal: ctx.signal }).catch(granted.reject);
    await granted.promise;
    try {
      await takeLease(ctx, leaseOnKiosk(kioskId));
    } catch (error) {
      over.resolve();
      throw error;
    }
    const end = async () => {
      // What can't be given back ends with this process.
      await ctx.journal.releaseLeases([leaseOnKiosk(kioskId)]).catch(() => undefined);
      over.resolve();
    };
    return { kioskId, end };
  }

  #queueOf(kioskId: string): PQueue {
    const queue = this.#queues.get(kioskId) ?? new PQueue({ concurrency: 1 });
    this.#queues.set(kioskId, queue);
    return queue;
  }
}

async function takeLease(ctx: Context, subject: string): Promise<void> {
  const { timeout } = ctx.timing;
  const end = await poll({
    clock: ctx.clock,
    signal: ctx.signal,
    timing: ctx.timing,
    deadline: timeout === null ? null : ctx.clock.now() + timeout,
    look: async () => ctx.journal.takeLeases([subject], 'run'),
    decide: (others) => (others.length === 0 ? { done: others } : 'wait'),
  });
  const [other] = end.kind === 'deadline' ? (end.seen ?? []) : [];
  if (other) throw leased(ctx, other);
}
