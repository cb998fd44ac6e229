import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DAY, type Json, Stand } from '../harness/sandbox.ts';

type Step =
  | { act: 'produce'; kioskId: string }
  | { act: 'simulate'; status: string }
  | { act: 'queue' }
  | { act: 'cancel' }
  | { act: 'advance'; milliseconds: number };

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('WIS00001', 'WIS00002', 'WIS00009')
      .map((kioskId): Step => ({ act: 'produce', kioskId })),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('PRODUCED', 'PRODUCTION_ERROR', 'PRODUCTION_ERROR')
      .map((status): Step => ({ act: 'simulate', status })),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ act: 'queue' }, { act: 'cancel' }) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(0, 1, 400, 2_000, 20 * DAY)
      .map((milliseconds): Step => ({ act: 'advance', milliseconds })),
  },
);

/** The documented transitions of the status. */
const AFTER: Readonly<Record<string, readonly string[]>> = {
  none: ['none', 'READY'],
  READY: ['READY', 'IN_PROGRESS'],
  IN_PROGRESS: ['IN_PROGRESS', 'PRODUCED', 'PRODUCTION_ERROR'],
  PRODUCTION_ERROR: ['PRODUCTION_ERROR', 'IN_PROGRESS'],
  PRODUCED: ['PRODUCED'],
};

async function productionOf(stand: Stand, token: string): Promise<Json> {
  const { status, body } = await stand.production(token);
  return status === 404 ? null : body;
}

/** Sends one produce request. @returns the latest time of all requests */
async function produce(
  stand: Stand,
  token: string,
  { kioskId, latest }: { kioskId: string; latest: string },
): Promise<string> {
  const before = await productionOf(stand, token);
  const { status, body } = await stand.produce(token, kioskId);
  expect(body.occurredAt > latest && body.occurredAt > (before?.occurredAt ?? '')).toBe(true);
  expect(await productionOf(stand, token)).toEqual(status === 200 ? body : before);
  return body.occurredAt;
}

async function take(stand: Stand, current: Step, { token, orderId }: { token: string; orderId: number }) {
  if (current.act === 'advance') stand.sandbox.advance(current.milliseconds);
  if (current.act === 'cancel') await stand.cancel(orderId);
  if (current.act === 'simulate') await stand.simulate(token, current.status);
  if (current.act === 'queue') {
    stand.sandbox.addFault({
      kind: 'produce',
      errorCode: 'REQUEST_CREATED_BUT_NOT_STARTED',
      afterMs: 300,
      times: 1,
    });
  }
}

async function play(stand: Stand, steps: readonly Step[]): Promise<void> {
  const { body: order } = await stand.createOrder(1001);
  stand.clock.now += 700;
  const { cardToken: token } = await stand.getOrder(1001, order.id);
  let latest = '';
  for (const current of steps) {
    const before = await productionOf(stand, token);
    if (current.act === 'produce') latest = await produce(stand, token, { kioskId: current.kioskId, latest });
    else await take(stand, current, { token, orderId: order.id });
    const after = await productionOf(stand, token);
    // A simulation starts and ends a queued request.
    const hasBegun = current.act === 'simulate' && after?.occurredAt !== before?.occurredAt;
    expect(AFTER[hasBegun ? 'IN_PROGRESS' : (before?.status ?? 'none')]).toContain(after?.status ?? 'none');
    if (before?.status === 'PRODUCED') expect(after).toEqual(before);
  }
}

test('a production follows its documented states for any sequence of requests', async () => {
  const stand = await Stand.open();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      stand.sandbox.clearFaults();
      await play(stand, steps);
    }),
    { numRuns: 25 },
  );
});
