// A card that is ready at a kiosk, and the actions of users on it.
import { produce } from '../../src/cards/produce.ts';
import { retry } from '../../src/cards/retry.ts';
import type { CardRequest } from '../../src/cards/session/resolve-cards.ts';
import { simulate } from '../../src/cards/simulate.ts';
import type { Context } from '../../src/context/context.ts';
import type { KeptEvent } from '../../src/domain/event.ts';
import { type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import { type Imported, importEvents } from '../../src/events/import-events.ts';
import type { EventSelection } from '../../src/events/list-events.ts';
import { SignatureVerifier } from '../../src/webhooks/signature.ts';
import type { SimulatedClock } from './clock.ts';
import { productionEvent } from './records.ts';
import { SIGNER, World } from './world.ts';

type RetryOptions = Parameters<typeof retry>[1];
type Overrides = Parameters<World['context']>[0];

export class OneCard {
  readonly world: World;
  readonly target: CardRequest & { cardToken: string };

  private constructor(world: World, target: CardRequest & { cardToken: string }) {
    this.world = world;
    this.target = target;
  }

  static async open(): Promise<OneCard> {
    const world = await World.open();
    return new OneCard(world, await world.readyCard());
  }

  async send(options: { kioskId?: KioskId; wait?: boolean; context?: Overrides } = {}) {
    const { kioskId = parseKioskId('WIS00001'), wait = false, context } = options;
    const targets = [{ ...this.target }];
    const [result] = await produce(this.world.context(context), {
      targets,
      kioskId,
      wait,
      settings: {},
      simulation: null,
    });
    if (!result) throw new Error('no result');
    return result;
  }

  async fail(errorCode = 'PRD_HOPPER_DOOR'): Promise<void> {
    await this.send();
    const simulation = { status: 'PRODUCTION_ERROR', errorCode } as const;
    await simulate(this.world.context(), { targets: [{ ...this.target }], simulation });
  }

  async repeat({ context, ...options }: Partial<RetryOptions> & { context?: Overrides } = {}) {
    // Abandoning an attempt requires a reason.
    const reason = options.abandon ? 'the kiosk was switched off' : null;
    const [result] = await retry(this.world.context({ reason, ...context }), {
      targets: [{ ...this.target }],
      toKiosk: null,
      abandon: false,
      wait: false,
      settings: {},
      simulation: null,
      ...options,
    });
    if (!result) throw new Error('no result');
    return result;
  }

  /** Produces the card through another system, like a bank's own back-end. */
  async produceElsewhere(kioskId: string): Promise<void> {
    await fetch(`${this.world.url}/v3/spend/profiles/1001/cards/${this.target.cardToken}/production`, {
      method: 'PUT',
      headers: { authorization: 'Bearer other', 'content-type': 'application/json' },
      body: JSON.stringify({ kioskId }),
    });
  }
}

/** Requests that faults match: the produce request, and the read of a production. */
export const PUT = { kind: 'answer', method: 'PUT', path: '/production', times: 1 } as const;
export const GET = { kind: 'answer', method: 'GET', path: '/production' } as const;

// A listener that writes to the journal of a test world at set times.
export class Listener {
  readonly #world: World;
  readonly clock: SimulatedClock;
  #listening = 0;

  private constructor(world: World) {
    this.#world = world;
    this.clock = world.clock;
  }

  /** Starts a listener that sends heartbeats until it is stopped. Nothing arrives there without a subscription. */
  static async start(world: World, { isSubscribed = true } = {}): Promise<Listener> {
    const listener = new Listener(world);
    await listener.start();
    if (isSubscribed) await listener.subscribe();
    return listener;
  }

  async start(): Promise<void> {
    const at = this.clock.now();
    this.#listening = await this.#world.journal.startListener('http://127.0.0.1:8788', at);
    this.#beat(this.#listening);
  }

  /** Receives the test notification that Wise sends to the URL of a new subscription. */
  async subscribe(): Promise<void> {
    await this.keep(productionEvent('READY', { cardToken: null, isTest: true }));
  }

  /** Stops the listener in an orderly way. */
  async stop(): Promise<void> {
    const listening = this.#listening;
    this.#listening = 0;
    await this.#world.journal.endListener(listening, this.clock.now());
  }

  /** Stops the heartbeats without recording an end, like a listener that was killed on another machine. */
  fallSilent(): void {
    this.#listening = 0;
  }

  /** Stores an event in the journal, as if it had just arrived. */
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

/** Returns the event that Wise sends for the card's current attempt. */
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

// Webhooks in the journal of a test world, signed with its key.
export const EVERYTHING: EventSelection = {
  card: null,
  eventType: null,
  kioskId: null,
  status: null,
  since: null,
  until: null,
};

/** Returns a signed webhook as a line of a gateway's log. */
export function loggedLine(
  body: string,
  more: { deliveryId?: string; test?: boolean; receivedAt?: string } = {},
): string {
  const { deliveryId, test, receivedAt } = more;
  return JSON.stringify({
    headers: {
      'X-Signature-SHA256': SIGNER.sign(body),
      ...(deliveryId && { 'X-Delivery-Id': deliveryId }),
      ...(test && { 'X-Test-Notification': 'true' }),
    },
    body,
    ...(receivedAt && { receivedAt }),
  });
}

export async function importLines(
  world: World,
  lines: readonly string[],
  { unverified = false, context }: { unverified?: boolean; context?: Partial<Context> } = {},
): Promise<Imported> {
  const ctx = world.context(context);
  const { pem, source } = await ctx.webhookKey();
  return importEvents(ctx, { lines, unverified, verifier: new SignatureVerifier({ pem, source }) });
}

/** Stores signed webhooks, and returns their events. */
export async function keep(world: World, ...bodies: string[]): Promise<KeptEvent[]> {
  const before = await world.journal.latestEventId();
  const { kept } = await importLines(
    world,
    bodies.map((body) => loggedLine(body)),
  );
  if (kept !== bodies.length) throw new Error(`kept ${kept} of ${bodies.length}`);
  return world.journal.listEvents({ afterId: before });
}
