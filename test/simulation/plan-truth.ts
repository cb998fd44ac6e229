import { isOpenPlan, PLAN_GAP_MS, type PlanRecord } from '../../src/detached/plan.ts';
import type { JournalFile } from './disk.ts';
import { START_WITHIN_MS } from './plans.ts';
import type { SimulatedProcess } from './process.ts';

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
  /** True once the journal was restored or the plan was cancelled. */
  isOver: boolean;
  /** True until the plan has ended, as far as a process has stored it. */
  isOpen: boolean;
}

/** Tolerance for clocks with whole seconds. */
const TOLERANCE_MS = 3_000;

/** Compares the plans in the journal with reality. Each method returns what is wrong; null for nothing. */
export class PlanTruth {
  readonly #now: () => number;
  readonly #plans = new Map<string, RealPlan>();

  constructor(now: () => number) {
    this.#now = now;
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
    { plan: id, kioskId }: { plan: string; kioskId: string },
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
    return hold ? 'a card of a plan is sent to a kiosk that was put on hold after the approval' : null;
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
