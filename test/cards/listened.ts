// A world in which a listener writes to the journal, and what it writes comes at set times.

import type { Clock } from '../../src/context/context.ts';
import type { KeptEvent } from '../../src/domain/event.ts';
import type { World } from '../context/world.ts';
import { productionEvent } from '../domain/events.ts';
import type { OneCard } from './one-card.ts';

/** Passes only while somebody sleeps, and does on the way what was set for a time. */
class EventfulClock implements Clock {
  readonly #world: World;
  readonly #plans: { at: number; act: () => Promise<unknown> }[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  now(): number {
    return this.#world.clock.now();
  }

  plan(afterMs: number, act: () => Promise<unknown>): void {
    this.#plans.push({ at: this.now() + afterMs, act });
    this.#plans.sort((left, right) => left.at - right.at);
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    const end = this.now() + milliseconds;
    for (let next = this.#plans[0]; next && next.at <= end; next = this.#plans[0]) {
      this.#plans.shift();
      this.#world.clock.time = Math.max(this.now(), next.at);
      await next.act();
    }
    signal.throwIfAborted();
    this.#world.clock.time = end;
  }
}

export class Listener {
  readonly #world: World;
  readonly clock: EventfulClock;
  #listening = 0;

  private constructor(world: World) {
    this.#world = world;
    this.clock = new EventfulClock(world);
  }

  /** Starts one that beats until it is stopped. */
  static async start(world: World): Promise<Listener> {
    const listener = new Listener(world);
    await listener.start();
    return listener;
  }

  async start(): Promise<void> {
    const at = this.clock.now();
    this.#listening = await this.#world.journal.startListener('http://127.0.0.1:8788', at);
    this.#beat(this.#listening);
  }

  /** Stops like one that is told to. */
  async stop(): Promise<void> {
    const listening = this.#listening;
    this.#listening = 0;
    await this.#world.journal.endListener(listening, this.clock.now());
  }

  /** Gives no sign of life any more, like one that was killed on another machine. */
  fallSilent(): void {
    this.#listening = 0;
  }

  /** Keeps an event right now, as if it had arrived. */
  async keep(kept: KeptEvent): Promise<void> {
    const { deliveryId, isTest, isVerified, id: _id, receivedAt: _at, ...said } = kept;
    await this.#world.journal.keepEvent({
      deliveryId,
      signature: isVerified ? 'signed' : null,
      body: Buffer.from(JSON.stringify(said)),
      isTest,
      isVerified,
      receivedAt: this.clock.now(),
      event: said,
    });
  }

  keepAfter(milliseconds: number, event: KeptEvent): void {
    this.clock.plan(milliseconds, () => this.keep(event));
  }

  #beat(listening: number): void {
    this.clock.plan(2_000, async () => {
      if (listening !== this.#listening) return;
      await this.#world.journal.heartbeat(listening, this.clock.now());
      this.#beat(listening);
    });
  }
}

/** What the vendor says of the attempt that the card is in now. */
export async function eventOf(
  card: OneCard,
  status: string,
  more: Partial<KeptEvent> = {},
): Promise<KeptEvent> {
  const { cardToken, profileId } = card.target;
  const attempt = await card.world.journal.latestAttempt(cardToken);
  const { kioskId = null, occurredAt = null } = attempt?.production ?? {};
  return productionEvent(status, { cardToken, profileId, kioskId, occurredAt, ...more });
}
