import { isOpenPlan, PLAN_GAP_MS, type PlanRecord } from '../../src/detached/plan.ts';
import type { JournalFile } from './disk.ts';
import { START_WITHIN_MS } from './plans.ts';
import type { SimulatedProcess } from './process.ts';
import type { State } from './truth.ts';

/** A plan as it really was, by the time of the simulation. */
interface RealPlan {
  /** Number and real time of the latest approval. */
  approval: number;
  approvedAt: number;
  /** Id of the latest hold at the approval. */
  lastHold: number;
  /** Real time of the last sign of life; null before the start. */
  beatAt: number | null;
  lastBeat: string;
  /** The process that carries it out. */
  executor: SimulatedProcess | null;
  connection: string | null;
  /** Its requests, with the number of the approval. */
  sent: { correlationId: string; approval: number }[];
  /** True once the journal was restored or the plan was cancelled. */
  isOver: boolean;
  /** True until the plan has ended, as far as a process has stored it. */
  isOpen: boolean;
}

/** A request for a card of a plan. */
export interface PlanRequest {
  plan: string;
  kioskId: string;
  correlationId: string;
}

/** Tolerance for clocks with whole seconds. */
const TOLERANCE_MS = 3_000;

/** Compares the plans in the journal with reality. Each method returns what is wrong; null for nothing. */
export class PlanTruth {
  readonly #now: () => number;
  readonly #plans = new Map<string, RealPlan>();

  readonly #stateOf: (correlationId: string) => State | null;

  /** @param stateOf returns the state of the production that a request started; null for none, or a later one */
  constructor(now: () => number, stateOf: (correlationId: string) => State | null) {
    this.#now = now;
    this.#stateOf = stateOf;
  }

  /** Records that a user handed a plan over. */
  async add({ id, approval }: PlanRecord, { db }: JournalFile): Promise<void> {
    const lastHold = await lastHoldOf(db);
    const now = this.#now();
    const fresh = {
      beatAt: null,
      lastBeat: '',
      executor: null,
      connection: null,
      isOver: false,
      isOpen: true,
      sent: [],
    };
    this.#plans.set(id, { approval: approval.number, approvedAt: now, lastHold, ...fresh });
  }

  /** Records a plan after a process may have changed it. */
  async see(plan: PlanRecord, process: SimulatedProcess, { db }: JournalFile): Promise<string | null> {
    const known = this.#plans.get(plan.id);
    if (!known) return null;
    const now = this.#now();
    if (plan.approval.number !== known.approval) {
      Object.assign(known, {
        approval: plan.approval.number,
        approvedAt: now,
        beatAt: null,
        executor: null,
        connection: null,
      });
      known.lastHold = await lastHoldOf(db);
    }
    if (plan.state === 'cancelled') known.isOver = true;
    known.isOpen = isOpenPlan(plan);
    const beat = JSON.stringify(plan.beat);
    if (plan.state !== 'running' || beat === known.lastBeat) return null;
    const problem = plan.connection === known.connection ? null : this.#problemOfStart(known);
    if (plan.connection !== known.connection) known.executor = process;
    Object.assign(known, { connection: plan.connection, lastBeat: beat, beatAt: now });
    return problem;
  }

  /** True if a server may have something to do. */
  get areOpen(): boolean {
    return [...this.#plans.values()].some(({ isOpen, isOver }) => isOpen && !isOver);
  }

  /** Records that the journal was restored. */
  end(): void {
    for (const plan of this.#plans.values()) plan.isOver = true;
  }

  /** Checks that a process may send a card of a plan, right after the journal allowed it. */
  async problemOfSending(
    { plan: id, kioskId, correlationId }: PlanRequest,
    process: SimulatedProcess,
    { db }: JournalFile,
  ): Promise<string | null> {
    const known = this.#plans.get(id);
    if (!known) return 'a card of no plan is sent';
    if (known.isOver) return 'a card is sent of a plan that was cancelled, or approved before a restore';
    if (known.executor !== process) return 'a card of a plan is sent by another process than its executor';
    const row = await db.get<{ state: string }>('SELECT state FROM plans WHERE id = :id', { id });
    if (row?.state !== 'running') return `a card is sent of a plan that is ${row?.state ?? 'gone'}`;
    const hold = await db.get('SELECT 1 FROM holds WHERE kiosk_id = :kioskId AND id > :last', {
      kioskId,
      last: known.lastHold,
    });
    if (hold) return 'a card of a plan is sent to a kiosk that was put on hold after the approval';
    return this.#problemOfOthers(known, correlationId);
  }

  /** Checks that the executor stored the result of a card. */
  problemOfResult(id: string, process: SimulatedProcess): string | null {
    const executor = this.#plans.get(id)?.executor;
    return executor === process ? null : 'a result of a plan is stored by another process than its executor';
  }

  /** Checks the earlier requests of a plan: one card at a time, and none after a failed canary. */
  #problemOfOthers({ sent, approval }: RealPlan, correlationId: string): string | null {
    const earlier = sent.map((one) => ({ ...one, state: this.#stateOf(one.correlationId) }));
    sent.push({ correlationId, approval });
    if (earlier.some(({ state }) => state === 'in progress' || state === 'queued'))
      return 'a card of a plan is sent while another one is in its kiosk';
    const hasFailed = earlier.some((one) => one.approval === approval && one.state === 'failed');
    const isProven = earlier.some(({ state }) => state === 'produced');
    return hasFailed && !isProven ? 'a card of a plan is sent after its canary failed' : null;
  }

  #problemOfStart({ beatAt, approvedAt }: RealPlan): string | null {
    const passed = this.#now() - (beatAt ?? approvedAt);
    const most = beatAt === null ? START_WITHIN_MS : PLAN_GAP_MS;
    if (passed <= most + TOLERANCE_MS) return null;
    return `a plan ${beatAt === null ? 'starts' : 'continues'} ${passed} ms after its ${beatAt === null ? 'approval' : 'last sign of life'}`;
  }
}

async function lastHoldOf(db: JournalFile['db']): Promise<number> {
  const row = await db.get<{ id: number }>('SELECT COALESCE(max(id), 0) AS id FROM holds');
  return row?.id ?? 0;
}
