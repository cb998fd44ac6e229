import {
  type Approver,
  isOpenPlan,
  PLAN_STATES,
  type PlanApproval,
  type PlanChange,
  type PlanCounts,
  type PlanFacts,
  type PlanProcess,
  type PlanProgress,
  type PlanRecord,
  reviewPlan,
} from '../../detached/plan.ts';
import type { PlanClocks } from '../../detached/plan-time.ts';
import type { KioskId } from '../../domain/ids.ts';
import type { CardResult } from '../../domain/results.ts';
import { selectList } from '../store/columns.ts';
import { present, type Scope, type Store } from '../store/store.ts';
import { knownWord, parseStored, readableRows } from '../store/stored-json.ts';
import {
  insertPlanCards,
  listPlanCards,
  type NewPlanCard,
  type PlanCard,
  savePlanCard,
  wasHeldSince,
} from './plan-cards.ts';

/** The clocks of a process. The journal adds that of its server. */
export type OwnClocks = Omit<PlanClocks, 'server'>;

/** A plan that a user has approved. */
export interface NewPlan extends Omit<PlanFacts, 'cards'> {
  approval: Omit<PlanApproval, 'number'>;
  cards: readonly NewPlanCard[];
  /** Milliseconds since the epoch, for display only. */
  at: number;
}

/**
 * Decides how a plan changes. Pure, because a transaction may be run again.
 * @param by this process
 * @returns null for no change
 */
export type DecidePlan = (plan: PlanRecord, now: PlanClocks, by: PlanProcess) => PlanChange | null;

/** Filter for plans; criteria are ANDed. */
interface PlanFilter {
  isOpen?: boolean;
  /** Leaves out plans that ended before this time, in milliseconds since the epoch. */
  endedSince?: number;
  limit?: number;
  /** Called with the id of each plan that this version can't read. Such plans are left out. */
  onDamaged?: (id: string) => void;
}

/** Checks a new plan. Pure, because a transaction may be run again. @throws Failure */
export type CheckPlan = (open: readonly PlanRecord[], now: PlanClocks) => void;

/** Methods for detached plans. The plans that they return are as time and restores have left them. */
export interface PlansJournal {
  /** True if the schema of the journal has plans: that on a server may be older. */
  hasPlans(): Promise<boolean>;
  /** Returns the clock of the server of the journal, in milliseconds since the epoch; null for a file. */
  readServerClock(): Promise<number | null>;
  /** Stores an approved plan. @param check throws a Failure if it must not be stored, in the same transaction */
  addPlan(plan: NewPlan, clocks: OwnClocks, check: CheckPlan): Promise<PlanRecord>;
  findPlan(id: string, clocks: OwnClocks): Promise<PlanRecord | null>;
  /** Lists plans, newest first. */
  listPlans(filter: PlanFilter, clocks: OwnClocks): Promise<PlanRecord[]>;
  countPlans(): Promise<number>;
  /**
   * Changes a plan in one transaction: no other process changes it between the decision and the change.
   * @returns the plan after it; null if there is none
   */
  changePlan(id: string, clocks: OwnClocks, decide: DecidePlan): Promise<PlanRecord | null>;
  listPlanCards(id: string): Promise<PlanCard[]>;
  /** Stores the result of a card. @returns false if another process has continued the plan meanwhile */
  savePlanCard(id: string, number: number, result: CardResult): Promise<boolean>;
  /** True if a kiosk was put on hold since the last approval of a plan, even if that hold has ended. */
  wasHeldSince(id: string, kioskId: KioskId): Promise<boolean>;
}

/** Schema version that added the tables. */
export const PLANS_SCHEMA = 15;

export function plansTable(store: Store): PlansJournal {
  const { environment } = store;
  const { user, host, pid } = store.owner;
  const by = (): PlanProcess => ({ connection: store.connection, executor: { user, host, pid } });
  const hasPlans = async () => store.hasSchema(PLANS_SCHEMA);
  return {
    hasPlans,
    readServerClock: async () => store.db.clock(),
    addPlan: async (plan, clocks, check) =>
      store.transaction(async (scope) => {
        const now = { ...clocks, server: await scope.db.clock() };
        const open = (await listPlans(scope, { isOpen: true })).map((one) => reviewed(one, now));
        check(open.filter(isOpenPlan), now);
        return addPlan(scope, plan);
      }),
    findPlan: async (id, clocks) => {
      if (!(await hasPlans())) return null;
      const now = { ...clocks, server: await store.db.clock() };
      const plan = await findPlan(store, id);
      return plan && reviewed(plan, now);
    },
    listPlans: async (filter, clocks) => {
      if (!(await hasPlans())) return [];
      const now = { ...clocks, server: await store.db.clock() };
      return (await listPlans(store, filter)).map((plan) => reviewed(plan, now));
    },
    countPlans: async () => {
      if (!(await hasPlans())) return 0;
      const count = 'SELECT COUNT(*) AS total FROM plans WHERE environment = :environment';
      return present(await store.db.get<{ total: number }>(count, { environment })).total;
    },
    changePlan: async (id, clocks, decide) =>
      store.transaction(async (scope) => {
        const plan = await findPlan(scope, id);
        const change = plan && decide(plan, { ...clocks, server: await scope.db.clock() }, by());
        if (!change) return plan;
        await updatePlan(scope, { ...plan, ...change }, store.now());
        return findPlan(scope, id);
      }),
    listPlanCards: async (id) => listPlanCards(store, id),
    savePlanCard: async (id, number, result) => savePlanCard(store, { id, number }, result),
    wasHeldSince: async (id, kioskId) => wasHeldSince(store, id, kioskId),
  };
}

/** Applies the change that time or a restore requires, without storing it. */
function reviewed(plan: PlanRecord, now: PlanClocks): PlanRecord {
  return { ...plan, ...reviewPlan(plan, now) };
}

/** The fields of a plan that change and have no column, stored as JSON. */
type Stored = Omit<PlanProgress, 'state' | 'connection' | 'endedAt' | 'exitCode' | 'approval'> & {
  approval: Omit<PlanApproval, 'action'>;
};

interface PlanRow
  extends Approver,
    PlanCounts,
    Pick<PlanProgress, 'state' | 'connection' | 'endedAt' | 'exitCode'> {
  id: string;
  facts: string;
  action: number;
  progress: string;
  isOfJournal: number;
}

const countOf = (condition: string) => `(SELECT COUNT(*) FROM plan_cards
  WHERE plan_cards.environment = plans.environment AND plan_id = plans.id AND plan_cards.exit_code ${condition})`;

const SELECT = `SELECT ${selectList(['id', 'facts', 'state', 'connection', 'progress', 'endedAt', 'exitCode'], { table: 'plans' })},
    approved_act AS "action", acts."user", acts.host, acts.login, acts.reason, acts.started_at AS "at",
    CASE WHEN EXISTS (SELECT 1 FROM identity WHERE identity.generation = plans.generation) THEN 1 ELSE 0 END
      AS "isOfJournal",
    ${countOf('= 0')} AS "done", ${countOf('<> 0')} AS "failed", ${countOf('IS NULL')} AS "left"
  FROM plans JOIN acts ON acts.id = plans.approved_act AND acts.plan = plans.id AND acts.act = 'approve'
    AND acts.environment = plans.environment WHERE plans.environment = :environment`;

async function findPlan({ db, environment }: Scope, id: string): Promise<PlanRecord | null> {
  const row = await db.get<PlanRow>(`${SELECT} AND plans.id = :id`, { environment, id });
  return row ? toPlan(row) : null;
}

async function listPlans(
  { db, environment }: Scope,
  { isOpen = false, endedSince, limit, onDamaged }: PlanFilter,
): Promise<PlanRecord[]> {
  const ended = isOpen ? 'FALSE' : endedSince === undefined ? 'TRUE' : 'plans.ended_at >= :endedSince';
  const sql = `${SELECT} AND (plans.ended_at IS NULL OR ${ended}) ORDER BY plans.created_at DESC, plans.id DESC
    ${limit === undefined ? '' : 'LIMIT :limit'}`;
  const rows = await db.all<PlanRow>(sql, {
    environment,
    ...(!isOpen && endedSince !== undefined && { endedSince }),
    ...(limit !== undefined && { limit }),
  });
  return readableRows(rows, toPlan, ({ id }) => onDamaged?.(id));
}

function toPlan({ facts, progress, action, isOfJournal, ...row }: PlanRow): PlanRecord {
  const { user, host, login, reason, at, done, failed, left, ...columns } = row;
  const stored = parseStored<Stored>(progress, 'approval');
  return {
    ...parseStored<PlanFacts>(facts, 'terms'),
    ...stored,
    ...columns,
    state: knownWord(row.state, PLAN_STATES),
    approval: { ...stored.approval, action },
    approver: { user, host, login, reason, at },
    counts: { done, failed, left },
    isOfJournal: isOfJournal === 1,
  };
}

/** SQL expression for the latest hold. */
const LAST_HOLD = '(SELECT COALESCE(max(id), 0) FROM holds)';

async function addPlan(
  scope: Scope,
  { approval: { action, ...approval }, cards, at, ...facts }: NewPlan,
): Promise<PlanRecord> {
  const { db, environment } = scope;
  const progress: Stored = {
    approval: { number: 1, ...approval },
    executor: null,
    beat: null,
    startedAt: null,
    cause: null,
    error: null,
  };
  await db.run(
    `INSERT INTO plans (environment, id, facts, state, generation, approved_act, last_hold, progress, created_at)
     SELECT :environment, :id, :facts, 'approved', generation, :action, ${LAST_HOLD}, :progress, :at FROM identity`,
    {
      environment,
      id: facts.id,
      facts: JSON.stringify({ ...facts, cards: cards.length } satisfies PlanFacts),
      action,
      progress: JSON.stringify(progress),
      at,
    },
  );
  await insertPlanCards(scope, facts.id, cards);
  return present(await findPlan(scope, facts.id));
}

async function updatePlan({ db, environment }: Scope, plan: PlanRecord, now: number): Promise<void> {
  const { id, state, connection, exitCode, executor, beat, startedAt, cause, error } = plan;
  const { action, ...approval } = plan.approval;
  const progress: Stored = { approval, executor, beat, startedAt, cause, error };
  const columns = { environment, id, state, connection, exitCode, action };
  await db.run(
    `UPDATE plans SET state = :state, connection = :connection, beat_uptime = :beatUptime, beat_server = :beatServer,
       progress = :progress, ended_at = :endedAt, exit_code = :exitCode, approved_act = :action,
       last_hold = CASE WHEN approved_act = :action THEN last_hold ELSE ${LAST_HOLD} END
     WHERE environment = :environment AND id = :id`,
    {
      ...columns,
      beatUptime: beat?.uptime ?? null,
      beatServer: beat?.server ?? null,
      progress: JSON.stringify(progress),
      endedAt: isOpenPlan(plan) ? null : now,
    },
  );
}
