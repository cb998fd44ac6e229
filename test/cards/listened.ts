// A world in which a listener writes to the journal, and what it writes comes at set times.

import type { KeptEvent } from '../../src/domain/event.ts';
import type { SimulatedClock } from '../context/clock.ts';
import type { World } from '../context/world.ts';
import { productionEvent } from '../domain/events.ts';
import type { OneCard } from './one-card.ts';

export class Listener {
  readonly #world: World;
  readonly clock: SimulatedClock;
  #listening = 0;

  private constructor(world: World) {
    this.#world = world;
    this.clock = world.clock;
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
