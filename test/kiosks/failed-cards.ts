// Cards that failed at their kiosks, and the retries of a selection of them.
import { produce } from '../../src/cards/produce.ts';
import type { CardRequest } from '../../src/cards/session/resolve-cards.ts';
import { simulate } from '../../src/cards/simulate.ts';
import type { KeptEvent } from '../../src/domain/event.ts';
import { type CardToken, type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { RetrySelection } from '../../src/kiosks/plan-selection.ts';
import type { RetryPlan } from '../../src/kiosks/retry/retry-plan.ts';
import {
  type PlannedRetries,
  retrySelection,
  type SelectedRetry,
  type SelectedRetryOptions,
} from '../../src/kiosks/retry-selection.ts';
import { getProduction } from '../../src/wise/cards.ts';
import { productionEvent, settleWindow } from '../harness/records.ts';
import { type Overrides, World } from '../harness/world.ts';

export type FailedCard = CardRequest & { cardToken: CardToken };

export const HERE = parseKioskId('WIS00001');
export const THERE = parseKioskId('WIS00002');

/** All cards that failed at a kiosk. */
export function failedAt(kioskId: KioskId): RetrySelection {
  return { kioskIds: [kioskId], errorCodes: [], exclude: [], limit: null, toKiosk: null };
}

export class FailedCards {
  readonly world: World;
  /** The plans that were shown before they were approved. */
  readonly plans: RetryPlan[] = [];

  private constructor(world: World) {
    this.world = world;
  }

  static async open(): Promise<FailedCards> {
    return new FailedCards(await World.open());
  }

  /** Orders cards and lets them fail, one after the other. */
  async fail(count: number, { kioskId = HERE, errorCode = 'PRD_HOPPER_DOOR' } = {}): Promise<FailedCard[]> {
    const failed: FailedCard[] = [];
    for (let index = 0; index < count; index += 1) {
      const target = await this.world.readyCard();
      await this.send(target, kioskId);
      await this.simulate(target, errorCode);
      this.world.clock.time += 1_000;
      failed.push(target);
    }
    return failed;
  }

  async send(target: FailedCard, kioskId = HERE): Promise<void> {
    await produce(this.world.context(), {
      targets: [target],
      kioskId,
      wait: false,
      settings: {},
      simulation: null,
    });
  }

  async simulate(target: FailedCard, errorCode: string): Promise<void> {
    const simulation = { status: 'PRODUCTION_ERROR', errorCode } as const;
    await simulate(this.world.context(), { targets: [{ ...target }], simulation });
  }

  /** From now on, the kiosk makes of each card what it is told. */
  kioskMakes(status: 'PRODUCED' | 'PRODUCTION_ERROR', { kioskId = HERE, times = 1_000 } = {}): void {
    const errorCode = status === 'PRODUCED' ? {} : { errorCode: 'PRD_HOPPER_DOOR' as const };
    this.world.fault({ kind: 'outcome', kioskId, status, ...errorCode, times });
  }

  /** Retries as a script does that says yes to everything. */
  async retry({
    context,
    selection,
    ...options
  }: Partial<SelectedRetryOptions> & {
    selection?: Partial<RetrySelection>;
    context?: Overrides;
  } = {}): Promise<SelectedRetry> {
    const describe = async ({ plan }: PlannedRetries) => {
      this.plans.push(plan);
      return 'the plan';
    };
    const { ask } = this.world.context();
    const yes = { ...ask, confirm: async () => true };
    return retrySelection(
      this.world.context({ ask: yes, ...context }),
      { ...failedAt(HERE), ...selection },
      {
        isAttended: true,
        isDryRun: false,
        isUnlistedAllowed: true,
        maxFailures: 2,
        simulation: null,
        settings: {},
        describe,
        ...options,
      },
    );
  }

  /** What a bank's own back-end does. */
  async produceElsewhere({ cardToken }: FailedCard, kioskId: KioskId): Promise<void> {
    await this.#call('PUT', `/v3/spend/profiles/1001/cards/${cardToken}/production`, { kioskId });
  }

  async simulateElsewhere({ cardToken }: FailedCard, errorCode: string): Promise<void> {
    const simulation = { status: 'PRODUCTION_ERROR', errorCode };
    await this.#call('POST', `/v1/simulation/spend/profiles/1001/cards/${cardToken}/production`, simulation);
  }

  /** What the vendor's event about the production of a card says now. */
  async resultOf({ cardToken, profileId }: FailedCard): Promise<KeptEvent> {
    const production = await getProduction(this.world.client(), { profileId, cardToken });
    if (!production) throw new Error('no production');
    const { status, kioskId, occurredAt, errorCode } = production;
    const receivedAt = this.world.clock.now();
    return productionEvent(status, { cardToken, profileId, kioskId, occurredAt, errorCode, receivedAt });
  }

  async eventsOf(target: FailedCard): Promise<KeptEvent[]> {
    const end = await this.resultOf(target);
    return [{ ...end, status: 'IN_PROGRESS', errorCode: null }, end];
  }

  /** A run of the same selection that was killed right after its request went out. */
  async dieSending({ profileId, orderId, cardToken }: FailedCard): Promise<void> {
    const { journal, clock } = this.world;
    const at = clock.now();
    const what = { profileId, orderId, cardToken, kioskId: HERE, reason: null, at };
    await journal.startAction({ ...what, action: 'retry', context: 'local', selection: HERE });
    await journal.takeLeases([`card ${what.cardToken}`], 'send');
    const { attempt } = await journal.claim(what);
    const baseline = await getProduction(this.world.client(), { profileId, cardToken });
    await journal.markSent(attempt, {
      kioskId: HERE,
      orderId,
      baseline,
      correlationId: crypto.randomUUID(),
      settleWindow: settleWindow(),
      at,
    });
    await this.produceElsewhere({ profileId, orderId, cardToken }, HERE);
    // Its process is this one, which lives: but no request is on its way for so long.
    clock.time += 41_000;
  }

  async cancelElsewhere({ orderId }: FailedCard): Promise<void> {
    await this.#call('PUT', `/v3/spend/profiles/1001/card-orders/${orderId}/status`, { status: 'CANCELLED' });
  }

  async #call(method: string, path: string, body: unknown): Promise<void> {
    const headers = { authorization: 'Bearer other', 'content-type': 'application/json' };
    const response = await fetch(`${this.world.url}${path}`, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }

  /** The same journal as another process sees it. */
  other(): Journal {
    return this.world.openJournal();
  }

  /** To which cards produce requests went since some were counted, in their order. */
  async sentSince(count: number): Promise<(string | undefined)[]> {
    const puts = await this.world.requests('PUT', '/production');
    return puts.slice(count).map(({ path }) => /cards\/([^/]+)\//.exec(path)?.[1]);
  }
}

/** As if a listener had got them. */
export async function keepEvents(journal: Journal, events: readonly KeptEvent[]): Promise<void> {
  for (const { deliveryId, isTest, isVerified, id: _id, receivedAt, ...event } of events) {
    const body = Buffer.from(JSON.stringify(event));
    await journal.keepEvent({ deliveryId, signature: 'signed', body, isTest, isVerified, receivedAt, event });
  }
}

/** How each card ended, in order. */
export function outcomesOf({ results }: SelectedRetry): string[] {
  return results.map(({ outcome }) => outcome);
}
