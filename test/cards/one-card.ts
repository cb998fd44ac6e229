// One card that is ready at a kiosk, and what people do with it.

import { produce } from '../../src/cards/produce.ts';
import { retry } from '../../src/cards/retry.ts';
import type { CardRequest } from '../../src/cards/session/resolve-cards.ts';
import { simulate } from '../../src/cards/simulate.ts';
import { type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import { World } from '../context/world.ts';

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
    const [result] = await produce(this.world.context(context), { targets, kioskId, wait, simulation: null });
    if (!result) throw new Error('no result');
    return result;
  }

  async fail(errorCode = 'PRD_HOPPER_DOOR'): Promise<void> {
    await this.send();
    const simulation = { status: 'PRODUCTION_ERROR', errorCode } as const;
    await simulate(this.world.context(), { targets: [{ ...this.target }], simulation });
  }

  async repeat({ context, ...options }: Partial<RetryOptions> & { context?: Overrides } = {}) {
    const [result] = await retry(this.world.context(context), {
      targets: [{ ...this.target }],
      toKiosk: null,
      abandon: false,
      wait: false,
      simulation: null,
      ...options,
    });
    if (!result) throw new Error('no result');
    return result;
  }

  /** What a bank's own back-end does. */
  async produceElsewhere(kioskId: string): Promise<void> {
    await fetch(`${this.world.url}/v3/spend/profiles/1001/cards/${this.target.cardToken}/production`, {
      method: 'PUT',
      headers: { authorization: 'Bearer other', 'content-type': 'application/json' },
      body: JSON.stringify({ kioskId }),
    });
  }
}

/** The produce request and the look at a production, for faults. */
export const PUT = { kind: 'answer', method: 'PUT', path: '/production', times: 1 } as const;
export const GET = { kind: 'answer', method: 'GET', path: '/production' } as const;
