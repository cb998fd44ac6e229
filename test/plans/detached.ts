// Recoveries that are handed over, and servers that carry them out in the process of the test.
import type { Context } from '../../src/context/context.ts';
import { isOpenPlan, type PlanRecord, START_WITHIN_MS, startPlan } from '../../src/detached/plan.ts';
import type { PlanTerms } from '../../src/detached/plan-terms.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { leaseOnTerms } from '../../src/plans/announced-servers.ts';
import { executePlan } from '../../src/plans/execute-plan.ts';
import { handOver } from '../../src/plans/hand-over.ts';
import { PlanObservations, planClocks } from '../../src/plans/plan-clocks.ts';
import { getProduction } from '../../src/wise/cards.ts';
import type { Overrides } from '../harness/world.ts';
import { type FailedCard, FailedCards, HERE } from '../kiosks/failed-cards.ts';

export const TERMS: PlanTerms = { context: 'local', api: 'local', credentials: 'k1', major: 1 };

export class Detached {
  readonly cards: FailedCards;
  readonly #journals: Journal[] = [];

  private constructor(cards: FailedCards) {
    this.cards = cards;
  }

  static async open(): Promise<Detached> {
    return new Detached(await FailedCards.open());
  }

  get world(): FailedCards['world'] {
    return this.cards.world;
  }

  /** The context of a server: it has the journal open for itself. */
  server(overrides: Overrides = {}): Context {
    const journal = this.world.openJournal();
    this.#journals.push(journal);
    return this.world.context({ journal, ...overrides });
  }

  /** Hands a recovery of the failed cards over, as a command does while a server accepts plans. */
  async detach(
    options: Parameters<FailedCards['retry']>[0] & { startWithin?: number } = {},
  ): Promise<PlanRecord> {
    const { journal } = this.server();
    await journal.takeLeases([leaseOnTerms(TERMS)], 'serve');
    const { startWithin = START_WITHIN_MS, ...more } = options;
    const { detached } = await this.cards.retry({
      context: { reason: 'door closed' },
      detach: async (ctx, approved) => handOver(ctx, approved, { kind: 'retry', terms: TERMS, startWithin }),
      ...more,
    });
    if (!detached) throw new Error('no plan');
    return detached;
  }

  /** Lets a server carry a plan out, as far as it gets. */
  async execute(
    server: Context,
    { id }: Pick<PlanRecord, 'id'>,
    observations = new PlanObservations(server),
  ): Promise<PlanRecord> {
    const plan = await this.find(id);
    if (isOpenPlan(plan)) await executePlan(server, plan, observations);
    return this.find(id);
  }

  /** Starts a plan in a server that is killed right after it recorded that it sends a card. */
  async dieSending(
    { id }: Pick<PlanRecord, 'id'>,
    { profileId, orderId, cardToken }: FailedCard,
  ): Promise<void> {
    // No process has this number.
    const journal = this.world.openJournal('local', { pid: 2 ** 22 + 1 });
    this.#journals.push(journal);
    const ctx = this.world.context({ journal });
    const at = this.world.clock.now();
    await journal.takeLeases([`run ${id}`, `kiosk ${HERE}`, `card ${cardToken}`], 'plan');
    await journal.changePlan(id, planClocks(ctx), (plan, now, by) => startPlan(plan, now, { ...by, at }));
    const card = { profileId, orderId, cardToken, kioskId: HERE };
    const { attempt } = await journal.claim({ ...card, reason: null, at });
    const baseline = await getProduction(this.world.client(), { profileId, cardToken });
    const start = { boot: ctx.uptime.boot, uptime: ctx.uptime.now(), vendorTime: at };
    const sent = await journal.markSent(attempt, {
      kioskId: HERE,
      orderId,
      baseline,
      correlationId: crypto.randomUUID(),
      settleWindow: { start, hasEnded: false, isOver: false },
      plan: { id, uptime: ctx.uptime.withSleep() },
      at,
    });
    if (!sent) throw new Error('not sent');
  }

  async find(id: string): Promise<PlanRecord> {
    const plan = await this.world.journal.findPlan(id, planClocks(this.world.context()));
    if (!plan) throw new Error('no plan');
    return plan;
  }

  /** Number of produce requests for each card that reached Wise. */
  async puts(cards: readonly FailedCard[]): Promise<number[]> {
    const sent = await this.world.requests('PUT', '/production');
    return cards.map(({ cardToken }) => sent.filter(({ path }) => path.includes(cardToken)).length);
  }

  async close(): Promise<void> {
    for (const journal of this.#journals) await journal.close();
    await this.world.close();
  }
}

/** A journal that does something right before a method. */
export function beforeCall(
  journal: Journal,
  name: keyof Journal,
  act: (times: number) => Promise<void>,
): Journal {
  let times = 0;
  return new Proxy(journal, {
    get: (target, key) => {
      const method = Reflect.get(target, key, target) as (...args: unknown[]) => Promise<unknown>;
      if (key !== name) return method;
      return async (...args: unknown[]) => {
        times += 1;
        await act(times);
        return method(...args);
      };
    },
  });
}

/** A journal that counts the calls of some methods. */
export function countCalls(journal: Journal, names: readonly (keyof Journal)[]) {
  const counted = { journal, count: 0 };
  const count = async () => void (counted.count += 1);
  for (const name of names) counted.journal = beforeCall(counted.journal, name, count);
  return counted;
}
