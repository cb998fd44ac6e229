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

/** A step with its line in the scenario's file, from 1; null for one without a file. */
export type PlacedStep = Step & { line: number | null };

/** The steps of one card, planned before anything is sent. */
export interface PlannedCard {
  number: number;
  /** The line of the card in the data file. */
  row: number | null;
  kioskId: KioskId | null;
  /** The existing card of the first steps; null if the steps order one. */
  card: CardName | null;
  steps: readonly PlacedStep[];
}

/** Plans the steps of a card, each time that they are needed. */
export type Plan = (number: number) => PlannedCard;

/** A run in progress: the state that its cards share. */
export class Run {
  readonly record: RunRecord;
  /** The context for steps, made by `runContext`. */
  readonly ctx: Context;
  readonly plan: Plan;
  readonly locks: KioskLocks = new KioskLocks();
  readonly checks: OrderChecks = shareChecks();
  /** Set when a step ended the whole run: no further card is started. */
  isStopped = false;
  /** Set when the journal can't be written, or another process took over the run: nothing more is started. */
  broken: unknown = null;
  readonly #reserved = new Map<number, KioskLock>();
  #counted: RunRequests = { reads: 0, sends: 0, limited: 0 };

  constructor(ctx: Context, record: RunRecord, plan: Plan) {
    this.ctx = ctx;
    this.record = record;
    this.plan = plan;
  }

  /** Locks the kiosk of a card that an earlier session left there, before other cards start. */
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
   * Stores a card, and the number of requests since the last call.
   * @throws Failure `leased` in a process that was suspended while another one took over the run
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

/** Steps neither prompt nor report; the run reports for all cards. A retry step confirms that the cause is fixed. */
export function runContext(ctx: Context, { keep }: RunRecord): Context {
  const { ask, environment, invocation, report } = ctx;
  return {
    ...ctx,
    invocation: { ...invocation, cancels: !keep },
    // In production, a person or a flag answers.
    ask: environment === 'production' ? ask : { ...ask, confirm: async () => true },
    report: {
      note: () => undefined,
      hint: () => undefined,
      warn: (text) => report.warn(text),
      block: () => undefined,
      progress: () => undefined,
    },
  };
}

/** Validates the same program and the same address once for all orders of a run. */
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

/** Returns the same answer for the same name. A failure is not shared. */
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

/** The lock of one card on a kiosk. */
export interface KioskLock {
  kioskId: KioskId;
  release(): Promise<void>;
}

/** The locks of kiosks. A kiosk has one card at a time, from its request to its result, of this run or of another process. */
class KioskLocks {
  readonly #queues = new Map<string, PQueue>();

  /**
   * Waits until a kiosk is free, and locks it.
   * @throws Failure `leased` if another process works at the kiosk until the deadline; the signal's reason
   */
  async take(ctx: Context, kioskId: KioskId): Promise<KioskLock> {
    const taken = Promise.withResolvers<KioskLock>();
    const hold = async () => {
      const over = Promise.withResolvers<void>();
      await takeLease(ctx, leaseOnKiosk(kioskId));
      const release = async () => {
        // A lease that can't be released ends with this process.
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
