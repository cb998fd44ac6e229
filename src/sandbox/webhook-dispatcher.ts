import type { KeyObject } from 'node:crypto';
import { RunningWork } from '../http/server.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { notify } from './notify.ts';
import { type DeliveryAnswer, pauseAfter } from './state/delivery-retries.ts';
import { bodyFor } from './state/event-bodies.ts';
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

/** Milliseconds between two polls for deliveries that other processes queued. */
const PAUSE_MS = 20;
/** Milliseconds after which other processes can claim the deliveries of a killed process. */
const CLAIM_MS = 15_000;
const CONCURRENCY = 32;

/** Delivers webhooks while this process serves the sandbox. */
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

  /** Aborts running deliveries. The next process retries them, although their receivers may have received them. */
  async stop(): Promise<void> {
    clearInterval(this.#timer ?? undefined);
    this.#closing.abort();
    await this.#running.end();
  }

  #poll(): void {
    if (this.#closing.signal.aborted) return;
    try {
      // The end of a delivery triggers the next poll, so a backlog does not wait for the timer.
      for (const delivery of this.#claim(CONCURRENCY - this.#running.size))
        this.#running.add(this.#deliver(delivery), () => this.#poll());
    } catch {
      // The state file is unusable; requests report this. The next poll tries again.
    }
  }

  /** Claims due deliveries. Also applies due transitions, but only if a subscription exists. */
  #claim(limit: number): ClaimedDelivery[] {
    if (limit === 0 || !hasSubscriptions(this.#state.db)) return [];
    const now = this.#state.realNow();
    const isAnythingDue = this.#state.read(({ db, at }) => isDeliveryDue(db, { at, now })) ?? true;
    if (!isAnythingDue) return [];
    return this.#state.change(({ db, at }) => claimDeliveries(db, { at, now, until: now + CLAIM_MS, limit }));
  }

  async #deliver(delivery: ClaimedDelivery): Promise<void> {
    try {
      const answer = await this.#send(delivery);
      const { status } = answer;
      this.#state.change((moment) => {
        if (status === 0 && this.#closing.signal.aborted) return releaseDelivery(moment.db, delivery);
        const pause = isSuccess(status) ? null : pauseAfter(delivery.attempt, answer);
        const dueAt = pause === null ? null : dueAfter(moment, pause);
        endAttempt(moment.db, delivery, { status, dueAt });
      });
    } catch {
      // The claim expires, and the delivery is retried.
    }
  }

  async #send({ body, subscription, deliveryId, isTest }: ClaimedDelivery): Promise<DeliveryAnswer> {
    this.#key ??= signingKeyOf(this.#state.db);
    return notify({
      url: subscription.delivery.url,
      body: bodyFor(subscription, body),
      deliveryId,
      isTest,
      key: this.#key,
      signal: this.#closing.signal,
    });
  }
}
