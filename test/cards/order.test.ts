import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OrderOptions, order, prepareOrder } from '../../src/cards/order.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { World } from '../harness/world.ts';

let world: World;

beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const PLAIN: OrderOptions = {
  fields: {},
  file: null,
  like: null,
  replaces: null,
  idempotencyKey: null,
  wait: false,
};

async function place(options: Partial<OrderOptions> = {}, context: Parameters<World['context']>[0] = {}) {
  return order(world.context(context), { ...PLAIN, ...options });
}

/** The orders that were made, whatever was answered. */
async function made(): Promise<number> {
  return (await world.requests('POST', '/card-orders')).filter(({ effect }) => effect).length;
}

const POST = { kind: 'answer', method: 'POST', path: '/card-orders', times: 1 } as const;

describe('a lost answer', () => {
  test('an order with a lost answer is repeated with the same key, and exists once', async () => {
    world.fault({ ...POST, reset: 'after' });
    expect(await place()).toMatchObject({ exitCode: 0, changed: true, card: { orderId: 501 } });
    expect((await world.requests('POST', '/card-orders')).length).toBeGreaterThan(1);
    expect(await made()).toBe(1);
  });

  test.each([401, 403, 404, 422])(
    'after a lost response and then %i, the order may exist, and its key shows how to find out',
    async (status) => {
      world.fault({ ...POST, reset: 'after' });
      world.fault({ ...POST, status });
      const result = await place({ idempotencyKey: "ticket 4711; it's mine" });
      expect(result).toMatchObject({
        exitCode: 8,
        error: {
          code: 'outcome-unknown',
          details: { httpStatus: status, idempotencyKey: "ticket 4711; it's mine" },
        },
      });
      expect(result.error?.hint).toContain(`--idempotency-key "ticket 4711; it's mine" --context local`);
      const again = await place({ idempotencyKey: "ticket 4711; it's mine" });
      expect(again).toMatchObject({ exitCode: 0, card: { orderId: 501 } });
    },
  );

  test('a lost answer after a refused order is repeated without doubt', async () => {
    world.fault({ ...POST, status: 401 });
    expect(await place()).toMatchObject({ exitCode: 3, error: { code: 'credentials-refused' } });
    expect(await made()).toBe(0);
  });
});

test('an order that cannot be recorded any more is reported all the same', async () => {
  const journal: Journal = world.openJournal();
  const record = journal.recordOrderRequest.bind(journal);
  journal.recordOrderRequest = async (request, at) => {
    if (request.orderId !== null) throw new Error('the disk is full');
    await record(request, at);
  };
  expect(await place({}, { journal })).toMatchObject({ exitCode: 0, changed: true, card: { orderId: 501 } });
  expect(world.said.join('\n')).toContain('Order 501 could not be recorded');
  await journal.close();
});

test('a key that was used for other data is refused, and named as the user wrote it', async () => {
  await place({ idempotencyKey: 'mine' });
  const other = {
    cardHolderName: 'Ada Example',
    address: { firstLine: '1 High Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
  };
  expect(await place({ idempotencyKey: 'mine', fields: other })).toMatchObject({
    exitCode: 2,
    error: { details: { idempotencyKey: 'mine' } },
  });
  expect(await made()).toBe(1);
});

test('the data of another order are copied unchanged, also if they look like a secret', async () => {
  const fields = {
    cardHolderName: 'Ada Basic Smith',
    address: { firstLine: '1 Bearer Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
  };
  const { card } = await place({ fields });
  const prepared = await prepareOrder(world.context(), { ...PLAIN, like: card });
  expect(prepared.order).toMatchObject(fields);
  expect(world.said.join('\n')).toContain('does not return its embossed name');
});
