import { generateKeyPairSync } from 'node:crypto';
import type { Webhooks } from '../../src/context/context.ts';
import type { Receiver, ReceiverOptions } from '../../src/webhooks/receiver.ts';
import type { SimulatedProcess } from './process.ts';
import { Random } from './random.ts';
import type { World } from './world.ts';

/** Timeout of Wise for the response of a listener. */
const ANSWER_MS = 4_500;
const DELAYS_MS = [5_000, 20_000, 60_000];

interface Delivery {
  id: string;
  body: Buffer;
  attempt: number;
}

type Keep = ReceiverOptions<unknown>['keep'];

/** Delivers Wise's events to running listeners, over a network that loses and repeats deliveries. */
export class Postman {
  readonly #world: World;
  readonly #random: Random;
  readonly #listening = new Map<SimulatedProcess, Keep>();
  #seen = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = new Random(world.plan.seed, 'webhooks');
  }

  /** Returns the webhook port of a process. */
  portOf(process: SimulatedProcess): Webhooks {
    return {
      openReceiver: async <Stored>({ keep }: ReceiverOptions<Stored>) => {
        const receiver = {
          listen: async () => {
            await process.pause('listen', 1);
            this.#listening.set(process, keep);
            return 'http://simulated';
          },
          stop: async () => {
            this.#listening.delete(process);
            await process.pause('stop', 1);
          },
        };
        return receiver as unknown as Receiver<Stored>;
      },
      openForwarder: async () => Promise.reject(new TypeError('a simulation forwards nothing')),
      openAgent: async () => null,
      openAdminServer: async () => Promise.reject(new TypeError('a simulation has no admin port')),
    };
  }

  /** Sends the events since the last call. */
  post(): void {
    const events = this.#world.vendor.eventsAfter(this.#seen);
    this.#seen += events.length;
    for (const { id, body } of events)
      this.#send({ id: `delivery ${id}`, body: Buffer.from(JSON.stringify(body)), attempt: 0 });
  }

  #send(delivery: Delivery): void {
    const { timeline } = this.#world;
    timeline.after(this.#random.whole(20, 400), () => this.#arrive(delivery));
    if (this.#random.chance(0.1))
      timeline.after(this.#random.magnitude(20, 5_000), () => this.#arrive(delivery));
  }

  #arrive(delivery: Delivery): void {
    const running = [...this.#listening].filter(([{ isRunning }]) => isRunning);
    const listener = this.#world.server && running.length > 0 ? this.#random.pick(running) : running[0];
    if (!listener || this.#random.chance(0.1)) return this.#sendAgain(delivery);
    const [process, keep] = listener;
    process.wake(0, () => void this.#keep(delivery, { process, keep }));
  }

  async #keep(
    delivery: Delivery,
    { process, keep }: { process: SimulatedProcess; keep: Keep },
  ): Promise<void> {
    const { timeline, truth } = this.#world;
    const { id, body } = delivery;
    const began = timeline.now;
    const webhook = {
      body,
      signature: 'c2lnbmVk',
      deliveryId: id,
      isTest: false,
      receivedAt: process.calendar.now(),
      headers: [],
    };
    const isKept = await keep(webhook).then(
      () => true,
      () => false,
    );
    if (!isKept || timeline.now - began > ANSWER_MS) return this.#sendAgain(delivery);
    this.#world.trace(`${process.id} answers ${id} with 200`);
    truth.answer(id, process);
  }

  #sendAgain(delivery: Delivery): void {
    const pause = DELAYS_MS[delivery.attempt];
    if (pause !== undefined && !this.#world.isOver)
      this.#world.timeline.after(pause, () => this.#arrive({ ...delivery, attempt: delivery.attempt + 1 }));
  }
}

let key: string | null = null;

/** A key that verifies nothing: in a simulation, all events are from Wise. */
export function anyKey(): string {
  key ??= generateKeyPairSync('rsa', { modulusLength: 2_048 })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();
  return key;
}
