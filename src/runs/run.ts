import PQueue from 'p-queue';
import { chooseProgram } from '../cards/card-program.ts';
import { checkAddress, type OrderChecks } from '../cards/order.ts';
import type { Context } from '../context/context.ts';
import { leased, leaseOnKiosk, leaseOnRun } from '../context/leases.ts';
import { poll } from '../context/poll.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import type { CardName, KioskId } from '../domain/ids.ts';
import { canonical } from '../domain/order.ts';
import type { RunCard, RunRecord, RunRequests } from '../domain/run.ts';
import type { Step } from '../scenarios/steps/step.ts';

/** A step of a plan. `line`: its line in the scenario file, from 1; null for a built-in scenario. */
export type PlacedStep = Step & { line: number | null };

/** The planned steps of one card. */
export interface PlannedCard {
  number: number;
  /** Line of the card in the data file; null without a data file. */
  row: number | null;
  kioskId: KioskId | null;
  /** An existing card; null if the steps order one. */
  card: CardName | null;
  steps: readonly PlacedStep[];
}

/** Plans the steps of a card, by its number. Called whenever the steps are needed. */
export type Plan = (number: number) => PlannedCard;

/** State that the cards of a running run share. */
export class Run {
  readonly record: RunRecord;
  /** The context for the steps, from `runContext`. */
  readonly ctx: Context;
  readonly plan: Plan;
  readonly locks: KioskLocks = new KioskLocks();
  readonly checks: OrderChecks = shareChecks();
  /** True after a step stopped the whole run: no further card is started. */
  isStopped = false;
  /**
   * The error that makes the run unusable (the journal can't be written, or another process owns the run); null for
   * none.
   */
  broken: unknown = null;
  readonly #reserved = new Map<number, KioskLock>();
  #counted: RunRequests = { reads: 0, sends: 0, limited: 0 };

  constructor(ctx: Context, record: RunRecord, plan: Plan) {
    this.ctx = ctx;
    this.record = record;
    this.plan = plan;
  }

  /** Locks the kiosk in which an earlier session left a card. Called before other cards start. */
  async reserveLock({ number, kioskId }: RunCard): Promise<void> {
    const isTaken = [...this.#reserved.values()].some((lock) => lock.kioskId === kioskId);
    if (kioskId !== null && !isTaken) this.#reserved.set(number, await this.locks.take(this.ctx, kioskId));
  }

  takeReservedLock(number: number): KioskLock | null {
    const lock = this.#reserved.get(number) ?? null;
    this.#reserved.delete(number);
    return lock;
  }

  async releaseReservedLocks(): Promise<void> {
    for (const lock of this.#reserved.values()) await lock.release();
  }

  /**
   * Stores the record of a card, and the number of requests since the last call.
   * @throws Failure `leased` if this process was suspended and another one has resumed the run
   */
  async save(card: RunCard): Promise<void> {
    const { journal } = this.ctx;
    const { id } = this.record;
    if (!(await journal.holdsLeases([leaseOnRun(id)]))) throw takenOver(id);
    await journal.saveRunCard({ id, card, requests: this.#takeRequests() });
  }

  #takeRequests(): RunRequests {
    const { used, limited } = this.ctx.wise;
    const { reads, sends, limited: counted } = this.#counted;
    this.#counted = { ...used, limited };
    return { reads: used.reads - reads, sends: used.sends - sends, limited: limited - counted };
  }
}

function takenOver(id: string): Failure {
  return failure(
    'leased',
    `Run ${id} was continued by another process while this one was suspended.`,
    'Check its progress: kioskctl runs list',
  );
}

/**
 * Returns the context of a run's steps. It shows only warnings, because the run reports for all cards. Outside of
 * production, it answers yes to all prompts.
 */
export function runContext(ctx: Context, { keep }: RunRecord): Context {
  const { ask, environment, invocation, report } = ctx;
  return {
    ...ctx,
    invocation: { ...invocation, cancels: !keep },
    // In production, a user or a flag must confirm.
    ask: environment === 'production' ? ask : { ...ask, confirm: async () => true },
    report: {
      note: () => undefined,
      hint: () => undefined,
      warn: (text) => report.warn(text),
      block: () => undefined,
      learn: async (card) => report.learn(card),
      progress: () => undefined,
    },
  };
}

/** Caches the validation of programs and addresses for all orders of a run. */
function shareChecks(): OrderChecks {
  const programs = new Map<string, Promise<string>>();
  const addresses = new Map<string, Promise<void>>();
  return {
    program: async (ctx, wanted) =>
      once(programs, JSON.stringify(wanted), async () => chooseProgram(ctx, wanted)),
    address: async (ctx, profileId, order) =>
      once(addresses, `${profileId} ${canonical(order.address)}`, async () =>
        checkAddress(ctx, profileId, order),
      ),
  };
}

/** Returns the cached result for a key, or computes it. Failures are not cached. */
async function once<Answer>(
  answers: Map<string, Promise<Answer>>,
  name: string,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const known = answers.get(name);
  if (known) return known;
  const answer = ask();
  answers.set(name, answer);
  answer.catch(() => answers.delete(name));
  return answer;
}

/** The lock of a kiosk for one card. */
export interface KioskLock {
  kioskId: KioskId;
  release(): Promise<void>;
}

/**
 * The kiosk locks of a run. A lock reserves a kiosk for one card, from its request to its result, also against other
 * processes.
 */
class KioskLocks {
  readonly #queues = new Map<string, PQueue>();

  /**
   * Waits until a kiosk is free, and locks it.
   * @throws Failure `leased` if another process owns the kiosk until the deadline; the signal's reason
   */
  async take(ctx: Context, kioskId: KioskId): Promise<KioskLock> {
    const taken = Promise.withResolvers<KioskLock>();
    const hold = async () => {
      const over = Promise.withResolvers<void>();
      await takeLease(ctx, leaseOnKiosk(kioskId));
      const release = async () => {
        // A lease that can't be released expires when this process ends.
        await ctx.journal.releaseLeases([leaseOnKiosk(kioskId)]).catch(() => undefined);
        over.resolve();
      };
      taken.resolve({ kioskId, release });
      await over.promise;
    };
    this.#queueOf(kioskId).add(hold, { signal: ctx.signal }).catch(taken.reject);
    return taken.promise;
  }

  #queueOf(kioskId: KioskId): PQueue {
    const queue = this.#queues.get(kioskId) ?? new PQueue({ concurrency: 1 });
    this.#queues.set(kioskId, queue);
    return queue;
  }
}

async function takeLease(ctx: Context, subject: string): Promise<void> {
  const end = await poll({
    ...ctx,
    deadline: ctx.stopwatch.after(ctx.timing.timeout),
    read: async () => ctx.journal.takeLeases([subject], 'run'),
    decide: (others) => (others.length === 0 ? { done: others } : 'wait'),
  });
  const [other] = end.kind === 'deadline' ? (end.seen ?? []) : [];
  if (other) throw leased(ctx, other);
}
