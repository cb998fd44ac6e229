import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DAY, type Json, TestSandbox } from '../harness/sandbox.ts';

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

async function productionOf(sandbox: TestSandbox, token: string): Promise<Json> {
  const { status, body } = await sandbox.production(token);
  return status === 404 ? null : body;
}

/** Sends one produce request. @returns the latest time of all requests */
async function produce(
  sandbox: TestSandbox,
  token: string,
  { kioskId, latest }: { kioskId: string; latest: string },
): Promise<string> {
  const before = await productionOf(sandbox, token);
  const { status, body } = await sandbox.produce(token, kioskId);
  expect(body.occurredAt > latest && body.occurredAt > (before?.occurredAt ?? '')).toBe(true);
  expect(await productionOf(sandbox, token)).toEqual(status === 200 ? body : before);
  return body.occurredAt;
}

async function take(
  sandbox: TestSandbox,
  current: Step,
  { token, orderId }: { token: string; orderId: number },
) {
  if (current.act === 'advance') sandbox.instance.advance(current.milliseconds);
  if (current.act === 'cancel') await sandbox.cancel(orderId);
  if (current.act === 'simulate') await sandbox.simulate(token, current.status);
  if (current.act === 'queue') {
    sandbox.instance.addFault({
      kind: 'produce',
      errorCode: 'REQUEST_CREATED_BUT_NOT_STARTED',
      afterMs: 300,
      times: 1,
    });
  }
}

async function play(sandbox: TestSandbox, steps: readonly Step[]): Promise<void> {
  const { body: order } = await sandbox.createOrder(1001);
  sandbox.clock.time += 700;
  const { cardToken: token } = await sandbox.getOrder(1001, order.id);
  let latest = '';
  for (const current of steps) {
    const before = await productionOf(sandbox, token);
    if (current.act === 'produce')
      latest = await produce(sandbox, token, { kioskId: current.kioskId, latest });
    else await take(sandbox, current, { token, orderId: order.id });
    const after = await productionOf(sandbox, token);
    // A simulation starts and ends a queued request.
    const hasBegun = current.act === 'simulate' && after?.occurredAt !== before?.occurredAt;
    expect(AFTER[hasBegun ? 'IN_PROGRESS' : (before?.status ?? 'none')]).toContain(after?.status ?? 'none');
    if (before?.status === 'PRODUCED') expect(after).toEqual(before);
  }
}

test('a production follows its documented states for any sequence of requests', async () => {
  const sandbox = await TestSandbox.open();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      sandbox.instance.clearFaults();
      await play(sandbox, steps);
    }),
    { numRuns: 25 },
  );
});
