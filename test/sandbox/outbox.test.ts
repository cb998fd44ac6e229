import { expect, test } from 'vitest';
import { readEventBody } from '../../src/wire/events.ts';
import { at, PHYSICAL, TestSandbox, TO_READY } from '../harness/sandbox.ts';

test('each change of an order and of a production is one event, in order of time', async () => {
  const sandbox = await TestSandbox.open();
  const { token, orderId } = await sandbox.readyCard();
  await sandbox.produce(token);
  await sandbox.produce(token);
  sandbox.clock.time += 100;
  await sandbox.simulate(token, 'PRODUCTION_ERROR', 'PRD_HOPPER_DOOR');
  await sandbox.produce(token, 'WIS00002');
  sandbox.clock.time += 100;
  await sandbox.simulate(token, 'PRODUCED');
  sandbox.clock.time += 300;
  await sandbox.cancel(orderId);
  sandbox.clock.time += 150;

  const events = await sandbox.outbox();
  const short = events.map(({ at: time, body: { data } }) => [
    time,
    data.order_status ?? data.status,
    data.occurred_at,
    data.kiosk_id,
    data.error_code,
  ]);
  const first = at(TO_READY + 1);
  // The refused request in between has its own time, but no event.
  const second = at(TO_READY + 100);
  expect(short).toEqual([
    [at(0), 'REQUIREMENTS_FULFILLED', at(0), undefined, undefined],
    [at(700), 'CARD_DETAILS_CREATED', at(700), undefined, undefined],
    [at(TO_READY), 'READY', at(TO_READY), null, null],
    [at(TO_READY), 'IN_PROGRESS', first, 'WIS00001', null],
    [at(TO_READY + 100), 'PRODUCTION_ERROR', first, 'WIS00001', 'PRD_HOPPER_DOOR'],
    [at(TO_READY + 100), 'IN_PROGRESS', second, 'WIS00002', null],
    [at(TO_READY + 200), 'PRODUCED', second, 'WIS00002', null],
    [at(TO_READY + 500), 'PRODUCED', at(TO_READY + 500), undefined, undefined],
    [at(TO_READY + 650), 'CANCELLED', at(TO_READY + 650), undefined, undefined],
  ]);
  for (const { body } of events) expect(readEventBody(body)?.profileId).toBe(1001);
});

test('the bodies have the documented shape', async () => {
  const sandbox = await TestSandbox.open();
  const { token } = await sandbox.readyCard();
  const [, order, production] = (await sandbox.outbox()).map(({ body }) => body);
  const resource = { type: 'card', profile_id: '1001', client_id: 'kioskctl-sandbox', card_token: token };
  expect(order).toEqual({
    data: {
      resource: { ...resource, card_program: PHYSICAL },
      order_id: '501L',
      order_status: 'CARD_DETAILS_CREATED',
      delivery_vendor: null,
      occurred_at: at(700),
    },
    subscription_id: expect.any(String),
    event_type: 'cards#card-order-status-change',
    schema_version: '4.0.0',
    sent_at: at(700),
  });
  expect(production).toEqual({
    data: {
      resource,
      status: 'READY',
      kiosk_id: null,
      error_code: null,
      description: 'Card ready for production',
      occurred_at: at(TO_READY),
    },
    subscription_id: expect.any(String),
    event_type: 'cards#card-production-status-change',
    schema_version: '4.0.0',
    sent_at: at(TO_READY),
  });
});

test('a placed order and each change through the control endpoints are events', async () => {
  const sandbox = await TestSandbox.open();
  const { body } = await sandbox.createOrder(1002);
  await sandbox.control('PUT profiles/1002/requirements/VERIFICATION', { status: 'COMPLETED' });
  await sandbox.control(`PUT orders/${body.id}/status`, { status: 'RETURNED' });
  await sandbox.control(`PUT orders/${body.id}/status`, { status: 'RETURNED' });
  const events = await sandbox.outbox();
  expect(events.map(({ body: { data } }) => data.order_status)).toEqual([
    'PLACED',
    'REQUIREMENTS_FULFILLED',
    'RETURNED',
  ]);
});
