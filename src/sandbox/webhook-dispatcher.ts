import { type KeyObject, sign } from 'node:crypto';
import { RunningWork } from '../http/server.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { DELIVERY_HEADER, SIGNATURE_HEADER, TEST_HEADER } from '../wire/events.ts';
import { bodyFor, pauseAfter } from './state/event-bodies.ts';
import type { State } from './state/state.ts';
import { dueAfter } from './state/tables/clock.ts';
import {
  type ClaimedDelivery,
  claimDeliveries,
  endAttempt,
  isDeliveryDue,
  releaseDelivery,
} from './state/tables/deliveries.ts';
import { hasSubscriptions } from './state/tables/subscriptions.ts';
import { signingKeyOf } from './state/tables/tokens.ts';

/** Milliseconds between two polls: other processes may have written deliveries. */
const PAUSE_MS = 20;
/** The limit of Wise for an answer. */
const ANSWER_LIMIT_MS = 5_000;
/** The deliveries of a killed process are available to others after this time. */
const CLAIM_MS = 15_000;
const CONCURRENCY = 32;

/** Delivers events to subscriptions while this process serves the sandbox. */
export class WebhookDispatcher {
  readonly #state: State;
  readonly #closing = new AbortController();
  readonly #running = new RunningWork();
  #timer: NodeJS.Timeout | null = null;
  #key: KeyObject | null = null;

  constructor(state: State) {
    this.#state = state;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#poll(), PAUSE_MS).unref();
  }

  /** Stops immediately: running deliveries are cut and left to the next process, even if they have arrived. */
  async stop(): Promise<void> {
    clearInterval(this.#timer ?? undefined);
    this.#closing.abort();
    await this.#running.end();
  }

  #poll(): void {
    if (this.#closing.signal.aborted) return;
    try {
      // The end of a delivery polls again: many events don't wait for the timer.
      for (const delivery of this.#claim(CONCURRENCY - this.#running.size))
        this.#running.add(this.#deliver(delivery), () => this.#poll());
    } catch {
      // The state can't be used now, which requests report. The next poll tries again.
    }
  }

  /** Also applies transitions that are due, but only if there is a subscription. */
  #claim(limit: number): ClaimedDelivery[] {
    if (limit === 0 || !hasSubscriptions(this.#state.db)) return [];
    const now = this.#state.realNow();
    const isAnythingDue = this.#state.read(({ db, at }) => isDeliveryDue(db, { at, now })) ?? true;
    if (!isAnythingDue) return [];
    return this.#state.change(({ db, at }) => claimDeliveries(db, { at, now, until: now + CLAIM_MS, limit }));
  }

  async #deliver(delivery: ClaimedDelivery): Promise<void> {
    const status = await this.#send(delivery);
    try {
      this.#state.change((moment) => {
        if (status === 0 && this.#closing.signal.aborted) return releaseDelivery(moment.db, delivery);
        const pause = isSuccess(status) ? null : pauseAfter(delivery.attempt);
        const dueAt = pause === null ? null : dueAfter(moment, pause);
        endAttempt(moment.db, delivery, { status, dueAt });
      });
    } catch {
      // It is delivered again when its claim expires.
    }
  }

  /** @returns the status of the answer; 0 for no answer */
  async #send({ body, subscription, deliveryId, isTest }: ClaimedDelivery): Promise<number> {
    try {
      const bytes = Buffer.from(JSON.stringify(bodyFor(subscription, body)));
      this.#key ??= signingKeyOf(this.#state.db);
      const answer = await fetch(subscription.delivery.url, {
        method: 'POST',
        headers: {
          // A receiver may close a kept connection in the moment in which it is used again.
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
}
