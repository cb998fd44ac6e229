import type { Context } from '../context/context.ts';
import { JournalChanges } from '../context/journal-changes.ts';
import { leaseOnKiosk, leaseOnRun } from '../context/leases.ts';
import { olderSchemaText } from '../context/older-schema.ts';
import { isOpenPlan, type PlanRecord, reviewPlan } from '../detached/plan.ts';
import { differenceOf, type PlanTerms } from '../detached/plan-terms.ts';
import { asFailure } from '../domain/errors/failure.ts';
import { leaseOnTerms } from './announced-servers.ts';
import { damagedText } from './damaged-text.ts';
import { executePlan } from './execute-plan.ts';
import { PlanObservations, planClocks } from './plan-clocks.ts';

/** Pause between two checks for plans, in milliseconds. A change of the journal ends it. */
const CHECK_MS = 2_000;

/** Minimum time between two checks, in milliseconds. */
const SPACING_MS = 500;

/**
 * Carries out the detached plans of a journal, as one of several servers: the leases decide which one works on a plan. It
 * is a loop of its own, and not a job: a plan takes as long as its cards, and a server with other terms may run the jobs.
 */
export class PlanServer {
  readonly #ctx: Context;
  readonly #terms: PlanTerms;
  readonly #onEnd: () => void;
  readonly #observations: PlanObservations;
  /** Plans in progress here, with their kiosks: within a process, leases exclude nothing. */
  readonly #running = new Map<string, { kioskIds: readonly string[]; end: Promise<void> }>();
  readonly #warned = new Set<string>();
  #isAnnounced = false;

  /** @param onEnd is called when a plan that was carried out here ended or paused */
  constructor(ctx: Context, terms: PlanTerms, onEnd: () => void = () => undefined) {
    this.#ctx = ctx;
    this.#terms = terms;
    this.#onEnd = onEnd;
    this.#observations = new PlanObservations(ctx);
  }

  /** Accepts plans until the signal of the context, and then ends in an orderly way: a request gets its answer. */
  async run(): Promise<void> {
    const { signal, journal } = this.#ctx;
    using changes = new JournalChanges(this.#ctx);
    while (!signal.aborted) {
      await this.runDue().catch((error: unknown) => this.#warn('', error));
      await changes.sleep(CHECK_MS, { spacing: SPACING_MS }).catch(() => undefined);
    }
    await Promise.all([...this.#running.values()].map(async ({ end }) => end));
    await journal.releaseLeases([leaseOnTerms(this.#terms)]).catch(() => undefined);
  }

  /** Starts or continues the plans that this server may carry out. Does not wait for their end. */
  async runDue(): Promise<void> {
    const { journal } = this.#ctx;
    if (!(await journal.hasPlans())) return this.#warnOnce(olderSchemaText('no plans are accepted'));
    // Reads wake no other server, so that idle servers don't write.
    const leases = await journal.listLeases();
    const locked = new Set(leases.map(({ subject }) => subject));
    await this.#announce(locked);
    const onDamaged = (id: string) => this.#warnOnce(damagedText(this.#ctx, id));
    const plans = await journal.listPlans({ isOpen: true, onDamaged }, planClocks(this.#ctx));
    this.#observations.keep(plans.map(({ id }) => id));
    for (const plan of plans.toReversed()) {
      const observed = this.#observations.since(plan);
      if (!isOpenPlan(plan) || plan.state === 'paused') await this.#write(plan, observed);
      else if (this.#isFree(plan, locked)) this.#start(plan);
    }
  }

  /** Announces this server, unless another one with the same terms is announced. @param locked leases of others */
  async #announce(locked: ReadonlySet<string>): Promise<void> {
    const { journal } = this.#ctx;
    const lease = leaseOnTerms(this.#terms);
    if (this.#isAnnounced) {
      if (await journal.holdsLeases([lease])) return;
      // Another server may have acquired it while this one was suspended.
      await journal.releaseLeases([lease]);
      this.#isAnnounced = false;
    }
    if (!locked.has(lease)) this.#isAnnounced = (await journal.takeLeases([lease], 'serve')).length === 0;
  }

  /** Writes down that a plan paused or ended. */
  async #write({ id }: PlanRecord, observed: number): Promise<void> {
    await this.#ctx.journal.changePlan(id, planClocks(this.#ctx, { observed }), reviewPlan);
  }

  /** True if nobody works on a plan and its kiosks. @param locked leases of others */
  #isFree({ id, terms, kioskIds }: PlanRecord, locked: ReadonlySet<string>): boolean {
    if (differenceOf(terms, this.#terms) !== null || this.#running.has(id)) return false;
    if ([leaseOnRun(id), ...kioskIds.map(leaseOnKiosk)].some((lease) => locked.has(lease))) return false;
    const busy = new Set([...this.#running.values()].flatMap((one) => one.kioskIds));
    return !kioskIds.some((kioskId) => busy.has(kioskId));
  }

  #start(plan: PlanRecord): void {
    const end = this.#execute(plan).finally(() => this.#running.delete(plan.id));
    this.#running.set(plan.id, { kioskIds: plan.kioskIds, end });
  }

  async #execute(plan: PlanRecord): Promise<void> {
    const { report } = this.#ctx;
    try {
      const after = await executePlan(this.#ctx, plan, this.#observations);
      if (after?.state === 'paused') report.warn(`Plan ${plan.id} paused: ${after.cause ?? ''}`);
      else if (after && !isOpenPlan(after)) report.note(`Plan ${plan.id} ended: ${describeEnd(after)}.`);
      if (after && after.state !== 'running') this.#onEnd();
    } catch (error) {
      this.#warn(plan.id, error);
    }
  }

  /** Warns once about a problem with a plan. Another command or server that works on it is none. */
  #warn(id: string, error: unknown): void {
    const { code, message } = asFailure(error);
    if (this.#ctx.signal.aborted || code === 'leased') return;
    this.#warnOnce(id === '' ? `Plans can't be carried out: ${message}` : `Plan ${id} waits: ${message}`);
  }

  #warnOnce(text: string): void {
    if (!this.#warned.has(text)) this.#ctx.report.warn(text);
    this.#warned.add(text);
  }
}

function describeEnd({ state, exitCode, cause }: PlanRecord): string {
  return state === 'done' ? `exit code ${exitCode}` : `${state}. ${cause ?? ''}`.replace(/\.$/, '');
}
