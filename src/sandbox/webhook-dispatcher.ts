import { type KeyObject, sign } from 'node:crypto';
import { DELIVERY_HEADER, SIGNATURE_HEADER, TEST_HEADER } from '../wire/events.ts';
import { bodyFor, pauseAfter } from './state/event-bodies.ts';
import type { State } from './state/state.ts';
import { dueAfter } from './state/tables/clock.ts';
import {
  endAttempt,
  giveBack,
  isDeliveryDue,
  type TakenDelivery,
  takeDeliveries,
} from './state/tables/deliveries.ts';
import { hasSubscriptions } from './state/tables/subscriptions.ts';
import { signingKeyOf } from './state/tables/tokens.ts';

/** Between two looks for what is due, which other processes may have written; in milliseconds, like all of these. */
const PAUSE_MS = 20;
/** A receiver that takes longer to answer has failed, as with the vendor. */
const ANSWER_LIMIT_MS = 5_000;
/** A process that was killed keeps its deliveries from the others this long. */
const CLAIM_MS = 15_000;
/** How many deliveries are under way at once. */
const AT_ONCE = 32;

/** Delivers events to those who are subscribed to them, as long as this process serves the sandbox. */
export class Courier {
  readonly #state: State;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #key: KeyObject | null = null;

  constructor(state: State) {
    this.#state = state;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), PAUSE_MS).unref();
  }

  /** Stops at once: a delivery that is under way is cut and left to the next process, also if it had arrived. */
  async stop(): Promise<void> {
    clearInterval(this.#timer ?? undefined);
    this.#closing.abort();
    await Promise.all(this.#underWay);
  }

  #look(): void {
    if (this.#closing.signal.aborted) return;
    try {
      for (const delivery of this.#take(AT_ONCE - this.#underWay.size)) this.#track(this.#deliver(delivery));
    } catch {
      // The state can't be used just now, which requests are told. The next look may go better.
    }
  }

  /** What is due by time happens here as well, but only where somebody wants to hear of it. */
  #take(limit: number): TakenDelivery[] {
    if (limit === 0 || !hasSubscriptions(this.#state.db)) return [];
    const now = this.#state.realNow();
    const isAnythingDue = this.#state.read(({ db, at }) => isDeliveryDue(db, { at, now })) ?? true;
    if (!isAnythingDue) return [];
    return this.#state.change(({ db, at }) => takeDeliveries(db, { at, now, until: now + CLAIM_MS, limit }));
  }

  async #deliver(delivery: TakenDelivery): Promise<void> {
    const status = await this.#send(delivery);
    try {
      this.#state.change((moment) => {
        if (status === 0 && this.#closing.signal.aborted) return giveBack(moment.db, delivery);
        const pause = status >= 200 && status <= 299 ? null : pauseAfter(delivery.attempt);
        const dueAt = pause === null ? null : dueAfter(moment, pause);
        endAttempt(moment.db, delivery, { status, dueAt });
      });
    } catch {
      // It is delivered again when its claim has run out.
    }
  }

  /** @returns the status of the answer; 0 when there was none */
  async #send({ body, subscription, deliveryId, isTest }: TakenDelivery): Promise<number> {
    try {
      const bytes = Buffer.from(JSON.stringify(bodyFor(subscription, body)));
      this.#key ??= signingKeyOf(this.#state.db);
      const answer = await fetch(subscription.delivery.url, {
        method: 'POST',
        headers: {
          // A connection that is kept may be closed by the receiver just when it is used again.
          connection: 'close',
          'content-type': 'application/json',
          [SIGNATURE_HEADER]: sign('sha256', bytes, this.#key).toString('base64'),
          [DELIVERY_HEADER]: deliveryId,
          ...(isTest && { [TEST_HEADER]: 'true' }),
        },
        body: bytes,
        redirect: 'manual',
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]),
      });
      await answer.body?.cancel();
      return answer.status;
    } catch {
      return 0;
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => {
      this.#underWay.delete(tracked);
      // Many events don't wait for the clock.
      this.#look();
    });
    this.#underWay.add(tracked);
  }
}
