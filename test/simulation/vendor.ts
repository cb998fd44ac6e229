import type { Reply } from '../../src/sandbox/api/answers.ts';
import { answerVendor } from '../../src/sandbox/api/exchange.ts';
import { finishProduction } from '../../src/sandbox/state/production-flow.ts';
import { State } from '../../src/sandbox/state/state.ts';
import { findCard } from '../../src/sandbox/state/tables/cards.ts';
import type { OutboxEntry } from '../../src/sandbox/state/tables/deliveries.ts';
import { deleteFaults, insertFault } from '../../src/sandbox/state/tables/faults.ts';
import { findOrder } from '../../src/sandbox/state/tables/orders.ts';
import { type Production, readTrack } from '../../src/sandbox/state/tables/productions.ts';
import { EPOCH } from './process.ts';

export const PROFILE = 1001;

export interface VendorRequest {
  method: string;
  path: string;
  body: unknown;
  correlationId: string;
}

export interface VendorCard {
  orderId: number;
  cardToken: string;
}

const ORDER = {
  program: 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API',
  cardHolderName: 'Ada Lovelace',
  address: { firstLine: '56 Shoreditch High St', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
  deliveryOption: 'KIOSK_COLLECTION',
};

/** Simulated Wise: the sandbox's state machine and endpoints, without HTTP. */
export class Vendor {
  /** Milliseconds of the timeline. */
  #now: () => number = () => 0;
  /** Time that ordering the cards took before the schedule started. */
  #ahead = 0;
  #requests = 0;
  readonly #state = new State({
    file: ':memory:',
    speed: 1,
    kiosks: 3,
    seed: 7,
    now: () => EPOCH - 3_600_000 + this.#ahead + this.#now(),
  });

  /** Starts a new schedule. @returns its cards, which are READY */
  async reset(cards: number, now: () => number): Promise<VendorCard[]> {
    this.#now = () => 0;
    this.#ahead = 0;
    this.#requests = 0;
    this.#state.reset(7);
    const orders: number[] = [];
    for (let index = 0; index < cards; index += 1) {
      const reply = await this.handle({
        method: 'POST',
        path: `/v3/spend/profiles/${PROFILE}/card-orders`,
        body: ORDER,
        correlationId: crypto.randomUUID(),
      });
      if (reply.status !== 200) throw new Error(`no order: ${reply.body.toString()}`);
      orders.push((JSON.parse(reply.body.toString()) as { id: number }).id);
    }
    this.#ahead = 3_600_000;
    this.tick();
    this.#now = now;
    return orders.map((orderId) => ({
      orderId,
      cardToken: findOrder(this.#state.db, orderId)?.cardToken ?? '',
    }));
  }

  async handle({ method, path, body, correlationId }: VendorRequest): Promise<Reply> {
    this.#requests += 1;
    const [plain = '', query] = path.split('?');
    return answerVendor(this.#state, {
      received: {
        method,
        path: plain,
        query: new URLSearchParams(query),
        headers: {
          authorization: 'Bearer any',
          'content-type': 'application/json',
          'x-external-correlation-id': correlationId,
          'x-idempotence-uuid': correlationId,
        },
        body: body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body)),
        isFromLoopback: true,
      },
      number: this.#requests,
      limitedFor: null,
      signal: new AbortController().signal,
    });
  }

  /** Applies due transitions. */
  tick(): void {
    this.#state.change(() => undefined);
  }

  /** Ends the production of a card. @returns false if none is in progress */
  finish(cardToken: string, errorCode: string | null): boolean {
    return this.#state.change((moment) => {
      const card = findCard(moment.db, cardToken);
      const status = errorCode === null ? 'PRODUCED' : 'PRODUCTION_ERROR';
      return card !== undefined && finishProduction(moment, card, { status, errorCode });
    });
  }

  /** Rejects the next produce request. */
  refuseNext(errorCode: string, afterMs?: number): void {
    const fault = {
      kind: 'produce',
      errorCode,
      times: 1,
      ...(afterMs !== undefined && { afterMs }),
    } as const;
    this.#state.change(({ db }) => insertFault(db, fault));
  }

  clearFaults(): void {
    this.#state.change(({ db }) => deleteFaults(db));
  }

  productionOf(cardToken: string): Production | null {
    return readTrack(this.#state.db, cardToken).production;
  }

  orderStatus(orderId: number): string {
    return findOrder(this.#state.db, orderId)?.status ?? 'none';
  }

  /** Returns the events after the first `count`: reading all of them after each step took a tenth of the time. */
  eventsAfter(count: number): Pick<OutboxEntry, 'id' | 'body'>[] {
    return this.#state.db
      .all<{ id: number; body: string }>('SELECT id, body FROM outbox ORDER BY id LIMIT -1 OFFSET :count', {
        count,
      })
      .map(({ id, body }) => ({ id, body: JSON.parse(body) as OutboxEntry['body'] }));
  }
}
