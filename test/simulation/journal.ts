import type { PlanRecord } from '../../src/detached/plan.ts';
import { asFailure } from '../../src/domain/errors/failure.ts';
import type { DecidePlan, Journal, NewPlan, PlanCard, Sending } from '../../src/journal/journal.ts';
import { makeJournal } from '../../src/journal/open-journal.ts';
import type { MountedJournal } from './disk.ts';
import type { PlanRequest } from './plan-truth.ts';
import type { SimulatedProcess } from './process.ts';
import type { ServerJournal } from './server-journal.ts';
import { Violation } from './truth.ts';
import type { World } from './world.ts';

type Method = (...parameters: unknown[]) => Promise<unknown>;

/** Journal methods that change the state of an attempt. */
const CLAIMING = new Set(['update', 'recordObserved', 'markSent', 'claim', 'keepEvent', 'projectEvents']);

/**
 * Opens the real journal for a simulated process. After each call, the simulation may switch to another process. A call
 * of a process that was killed meanwhile never returns.
 */
export function openSimulatedJournal(
  world: World,
  process: SimulatedProcess,
  mounted: MountedJournal | ServerJournal,
): Journal {
  const { machineCalendar: calendar } = process;
  const journal = makeJournal(() => ('database' in mounted ? mounted.database : mounted), {
    environment: 'sandbox',
    now: () => calendar.now(),
    uptime: process.machineUptime,
    owner: process.owner,
  });
  const watcher = new JournalWatcher(world, process, mounted);
  return new Proxy(journal, {
    get(target, name: keyof Journal) {
      if (name === 'assertCurrent') return () => mounted.check();
      if (name === 'watch') return noChanges;
      // The work in it calls the journal itself, and takes simulated time.
      if (name === 'within') return async (_left: unknown, work: () => Promise<unknown>) => work();
      const method = target[name] as unknown as Method;
      return async (...parameters: unknown[]) => {
        // With a server, a call takes simulated time only.
        const real = world.server ? 0 : 1;
        world.busy += real;
        const call = watcher.call(name, method, parameters).finally(() => {
          world.busy -= real;
        });
        // An error also appears only after the pause.
        const result = await call.then(
          (value) => () => value,
          (error: unknown) => () => {
            throw error;
          },
        );
        // It is in memory.
        if (name !== 'hasPlans') await process.pauseAtJournal(name);
        return result();
      };
    },
  });
}

/** Reports no change, so that waits poll slowly. */
async function* noChanges(): AsyncGenerator<void> {}

/** Observes each call of a process, counts the decisions of the journal's guards, and disables guards for mutants. */
class JournalWatcher {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #mounted: MountedJournal | ServerJournal;
  /** True between a claim and the request. */
  #isClaimed = false;

  constructor(world: World, process: SimulatedProcess, mounted: MountedJournal | ServerJournal) {
    this.#world = world;
    this.#process = process;
    this.#mounted = mounted;
  }

  async call(name: string, method: Method, parameters: unknown[]): Promise<unknown> {
    const { without } = this.#world.mutation;
    // Without leases, the next process gets the lease.
    if (name === 'takeLeases' && without === 'lease') await this.#mounted.file.db.run('DELETE FROM leases');
    if (name === 'claim' && without === 'claim')
      await this.#closeOpen(parameters[0] as { cardToken: string });
    const request = this.#ofPlan(name, parameters);
    await this.#mutatePlans(name, parameters);
    const result = await this.#run(name, method, parameters).catch((error: unknown) => {
      if (asFailure(error).code === 'leased') this.#world.decided('lease');
      throw error;
    });
    if (name === 'markSent' && result === null)
      this.#world.decided((await this.#isHeld(parameters[1] as { kioskId: string })) ? 'hold' : 'claim');
    this.#see(name, parameters, result);
    if (name === 'addPlan' || name === 'changePlan') await this.#seePlan(name, result as PlanRecord | null);
    if (request && result === null) this.#world.decided('plan');
    if (request && result !== null) await this.#seeSending(request);
    if (name === 'savePlanCard') this.#seeResult(parameters[0] as string, result === true);
    if (name === 'keepEvent') await this.#seeEvent(parameters[0] as { deliveryId: string });
    if (CLAIMING.has(name)) this.#world.isDirty = true;
    return result;
  }

  #see(name: string, parameters: unknown[], result: unknown): void {
    const world = this.#world;
    switch (name) {
      case 'takeLeases':
        if ((result as unknown[]).length > 0) world.decided('lease');
        return;
      case 'claim':
        if (!(result as { claimed: boolean }).claimed) return world.decided('claim');
        return this.#setClaimed(true);
      case 'release':
        if (this.#isClaimed) world.decided('read');
        return this.#setClaimed(false);
      case 'markSent':
        if (result !== null)
          world.recordSending(parameters[1] as { baseline: unknown; correlationId: string });
        return this.#setClaimed(result !== null);
      case 'takeBack':
        return world.decided('staleness');
      case 'update':
        if ((parameters[1] as { outcome: string }).outcome === 'not-seen') world.decided('settle');
        return;
      default:
    }
  }

  /** Returns the request for a card of a plan that a call records; null for none. */
  #ofPlan(name: string, parameters: unknown[]): PlanRequest | null {
    if (name !== 'markSent') return null;
    const { plan, kioskId, correlationId } = parameters[1] as Sending;
    return plan ? { plan: plan.id, kioskId, correlationId } : null;
  }

  /** Calls a method, or replaces its conditions or its result for a mutant. */
  async #run(name: string, method: Method, parameters: unknown[]): Promise<unknown> {
    const { without } = this.#world.mutation;
    if (without === 'fence' && name === 'savePlanCard') {
      const [id, number, result] = parameters as Parameters<Journal['savePlanCard']>;
      await this.#mounted.file.db.run(
        'UPDATE plan_cards SET result = :result, exit_code = :exitCode WHERE plan_id = :id AND number = :number',
        { id, number, result: JSON.stringify(result), exitCode: result.exitCode },
      );
      return true;
    }
    const answer = await method(...parameters);
    if (without !== 'canary' || name !== 'listPlanCards') return answer;
    return (answer as PlanCard[]).map(({ result, ...card }) => {
      return { ...card, result: result?.error ? { ...result, error: undefined } : result };
    });
  }

  /** Disables a guard of detached plans. */
  async #mutatePlans(name: string, parameters: unknown[]): Promise<void> {
    const { without } = this.#world.mutation;
    const forever = { startWithin: Number.MAX_SAFE_INTEGER };
    if (without === 'expiry' && name === 'addPlan') {
      const plan = parameters[0] as NewPlan;
      parameters[0] = { ...plan, approval: { ...plan.approval, ...forever } };
    }
    if (without === 'gap' && name === 'changePlan') {
      const decide = parameters[2] as DecidePlan;
      const fresh: DecidePlan = (plan, now, by) =>
        decide({ ...plan, beat: plan.beat && now }, { ...now, observed: 0 }, by);
      parameters[2] = fresh;
    }
    if (without === 'plan' && name === 'markSent')
      parameters[1] = { ...(parameters[1] as object), plan: undefined };
    if (without === 'restore' && name !== 'addPlan')
      await this.#mounted.file.db.run('UPDATE plans SET generation = (SELECT generation FROM identity)');
  }

  async #seePlan(name: string, plan: PlanRecord | null): Promise<void> {
    if (!plan) return;
    const { truth } = this.#world;
    const { file } = this.#mounted;
    if (name === 'addPlan') return truth.plans.add(plan, file);
    if (plan.error?.code === 'too-many-failures') this.#world.decided('canary');
    if (plan.state === 'expired') this.#world.decided('expiry');
    if (plan.state === 'paused') this.#world.decided('gap');
    if (plan.state === 'cancelled' && !plan.isOfJournal) this.#world.decided('restore');
    this.#break(await truth.plans.see(plan, this.#process, file));
  }

  #seeResult(plan: string, isStored: boolean): void {
    if (!isStored) return this.#world.decided('fence');
    this.#break(this.#world.truth.plans.problemOfResult(plan, this.#process));
  }

  async #seeSending(sending: PlanRequest): Promise<void> {
    const { plans } = this.#world.truth;
    this.#break(await plans.problemOfSending(sending, this.#process, this.#mounted.file));
  }

  #break(problem: string | null): void {
    if (problem !== null) this.#world.truth.broken ??= new Violation(`${problem} (${this.#process.id})`);
  }

  async #isHeld({ kioskId }: { kioskId: string }): Promise<boolean> {
    const sql = 'SELECT 1 FROM holds WHERE kiosk_id = :kioskId AND released_at IS NULL';
    return (await this.#mounted.file.db.get(sql, { kioskId })) !== undefined;
  }

  async #seeEvent({ deliveryId }: { deliveryId: string }): Promise<void> {
    const { disk, truth } = this.#world;
    if (await disk.current.hasEvent(deliveryId)) truth.store(deliveryId);
  }

  /** The clocks of a mutant stay pinned from the claim until the first byte is sent. */
  #setClaimed(isClaimed: boolean): void {
    this.#isClaimed = isClaimed;
    this.#world.mutation.claims(this.#process, isClaimed);
  }

  /** Closes an open attempt instead of respecting it, without deciding the outcome of its request. */
  async #closeOpen({ cardToken }: { cardToken: string }): Promise<void> {
    const { db } = this.#mounted.file;
    await db.run("DELETE FROM attempts WHERE card_token = :cardToken AND outcome = 'claimed'", { cardToken });
    await db.run(
      "UPDATE attempts SET outcome = 'abandoned', closed_at = 1 WHERE card_token = :cardToken AND closed_at IS NULL",
      { cardToken },
    );
  }
}
