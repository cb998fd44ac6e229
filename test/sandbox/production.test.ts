import { describe, expect, test } from 'vitest';
import { codesOf } from '../../src/domain/errors/error-catalogue.ts';
import { at, DAY, productionPath, TestSandbox, TO_READY } from '../harness/sandbox.ts';

describe('producing', () => {
  test('a ready card is sent to the kiosk', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.clock.time += 1_000;
    const { status, body } = await sandbox.produce(token);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'IN_PROGRESS',
      kioskId: 'WIS00001',
      occurredAt: at(TO_READY + 1_000),
      errorCode: null,
      description: 'Card in production',
    });
    expect((await sandbox.production(token)).body).toEqual(body);
    sandbox.clock.time += 3_600_000;
    expect((await sandbox.production(token)).body).toEqual(body);
  });

  test('a second request is refused and changes nothing', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    const { body: accepted } = await sandbox.produce(token);
    const { status, body } = await sandbox.produce(token, 'WIS00002');
    expect(status).toBe(422);
    expect(body).toEqual({
      status: 'REQUEST_ERROR',
      kioskId: 'WIS00002',
      occurredAt: expect.any(String),
      errorCode: 'REQUEST_ALREADY_EXISTS',
      description: expect.any(String),
    });
    expect((await sandbox.production(token)).body).toEqual(accepted);
  });

  test('a request before READY is refused, and there is no production', async () => {
    const sandbox = await TestSandbox.open();
    const { body } = await sandbox.createOrder(1001);
    sandbox.clock.time += 700;
    const { cardToken } = await sandbox.getOrder(1001, body.id);
    expect((await sandbox.produce(cardToken)).body.errorCode).toBe('UNABLE_TO_ACCEPT_REQUEST');
    const missing = await sandbox.production(cardToken);
    expect(missing.status).toBe(404);
    expect(missing.body).toMatchObject({ status: 404, error: 'Not Found', path: productionPath(cardToken) });
  });

  test('a request after PRODUCED is refused', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    await sandbox.produce(token);
    await sandbox.simulate(token, 'PRODUCED');
    expect((await sandbox.produce(token)).body.errorCode).toBe('REQUEST_ALREADY_EXISTS');
    sandbox.instance.advance(61 * DAY);
    expect((await sandbox.produce(token)).body.errorCode).toBe('REQUEST_ALREADY_EXISTS');
    expect((await sandbox.production(token)).body.status).toBe('PRODUCED');
  });

  test('an unknown kiosk is refused', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    const { status, body } = await sandbox.produce(token, 'WIS00004');
    expect([status, body.errorCode, body.kioskId]).toEqual([422, 'KIOSK_ID_NOT_FOUND', 'WIS00004']);
    expect((await sandbox.production(token)).body.status).toBe('READY');
  });

  test('a card that is over 60 days old is refused', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    sandbox.clock.time += 60 * DAY - (TO_READY - 700);
    expect((await sandbox.produce(token)).status).toBe(200);
    const { token: old } = await sandbox.readyCard();
    sandbox.clock.time += 60 * DAY - (TO_READY - 700) + 1;
    const { status, body } = await sandbox.produce(old);
    expect([status, body.errorCode]).toEqual([422, 'EMPTY_OR_NULL_FIELD_VALUE']);
  });

  test('the card of a returned order is refused', async () => {
    const sandbox = await TestSandbox.open();
    const { token, orderId } = await sandbox.readyCard();
    await sandbox.control(`PUT orders/${orderId}/status`, { status: 'RETURNED' });
    expect((await sandbox.produce(token)).body.errorCode).toBe('INVALID_FIELD_VALUE');
  });

  test.each([{}, { kioskId: '' }, { kioskId: 7 }, []])(
    '%j is 422 in the shape of a wrong field',
    async (body) => {
      const sandbox = await TestSandbox.open();
      const { token } = await sandbox.readyCard();
      const { status, body: answer } = await sandbox.call(`PUT ${productionPath(token)}`, { body });
      expect(status).toBe(422);
      expect(answer.errors).toHaveLength(1);
      expect((await sandbox.production(token)).body.status).toBe('READY');
    },
  );

  test('a card of another profile, or an unknown one, is 404', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    const body = { kioskId: 'WIS00001' };
    expect((await sandbox.call(`PUT ${productionPath(token, 1002)}`, { body })).status).toBe(404);
    expect((await sandbox.call(`PUT ${productionPath('x')}`, { body })).status).toBe(404);
  });
});

describe('simulation', () => {
  test('simulating PRODUCED ends the attempt, and changes the order a moment later', async () => {
    const sandbox = await TestSandbox.open();
    const { token, orderId } = await sandbox.readyCard();
    const { body: begun } = await sandbox.produce(token);
    sandbox.clock.time += 5_000;
    const simulated = await sandbox.simulate(token, 'PRODUCED');
    expect([simulated.status, simulated.text]).toEqual([200, '']);
    expect((await sandbox.production(token)).body).toEqual({
      status: 'PRODUCED',
      kioskId: 'WIS00001',
      occurredAt: begun.occurredAt,
      errorCode: null,
      description: 'Card produced',
    });
    sandbox.clock.time += 299;
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('CARD_DETAILS_CREATED');
    sandbox.clock.time += 1;
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('PRODUCED');
  });

  test('a failed card can be produced again, with a later time for each request', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    const { body: first } = await sandbox.produce(token);
    await sandbox.simulate(token, 'PRODUCTION_ERROR', 'PRD_HOPPER_DOOR');
    expect((await sandbox.production(token)).body).toEqual({
      status: 'PRODUCTION_ERROR',
      kioskId: 'WIS00001',
      occurredAt: first.occurredAt,
      errorCode: 'PRD_HOPPER_DOOR',
      description: 'The hopper door is open.',
    });
    // The clock stops and is set back, but times still increase.
    const { body: second } = await sandbox.produce(token, 'WIS00002');
    expect(second.occurredAt > first.occurredAt).toBe(true);
    await sandbox.simulate(token, 'PRODUCTION_ERROR');
    expect((await sandbox.production(token)).body.errorCode).toBe('UNKNOWN_ERROR');
    sandbox.clock.time -= 1_000;
    const { body: third } = await sandbox.produce(token);
    expect(third.occurredAt > second.occurredAt).toBe(true);
  });

  test('the simulation accepts all documented production codes', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    const codes = codesOf('production');
    expect(codes).toContain('PRD_HOPPER_DOOR');
    for (const code of codes) {
      await sandbox.produce(token);
      expect((await sandbox.simulate(token, 'PRODUCTION_ERROR', code)).status).toBe(200);
      expect((await sandbox.production(token)).body.errorCode).toBe(code);
    }
  });

  test.each([
    ['PRODUCED', 'PRD_HOPPER_DOOR'],
    ['PRODUCTION_ERROR', 'KIOSK_ID_NOT_FOUND'],
    ['PRODUCTION_ERROR', 'prd_hopper_door'],
    ['PRODUCTION_ERROR', ''],
    ['IN_PROGRESS', undefined],
    ['READY', undefined],
  ])('%s with %s is 422', async (status, errorCode) => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    await sandbox.produce(token);
    expect((await sandbox.simulate(token, status, errorCode)).status).toBe(422);
    expect((await sandbox.production(token)).body.status).toBe('IN_PROGRESS');
  });

  test('the simulation is refused unless a production is in progress', async () => {
    const sandbox = await TestSandbox.open();
    const { token } = await sandbox.readyCard();
    expect((await sandbox.simulate(token, 'PRODUCED')).status).toBe(422);
    await sandbox.produce(token);
    await sandbox.simulate(token, 'PRODUCTION_ERROR', 'PRT_RIBBON');
    const again = await sandbox.simulate(token, 'PRODUCED');
    expect(again.status).toBe(422);
    expect(again.body.errors[0].code).toBe('PRODUCTION_NOT_IN_PROGRESS');
    expect((await sandbox.production(token)).body.status).toBe('PRODUCTION_ERROR');
  });

  test('a cancelled order stays cancelled when its card is produced', async () => {
    const sandbox = await TestSandbox.open();
    const { token, orderId } = await sandbox.readyCard();
    await sandbox.produce(token);
    await sandbox.cancel(orderId);
    sandbox.clock.time += 150;
    expect((await sandbox.production(token)).body.status).toBe('IN_PROGRESS');
    expect((await sandbox.simulate(token, 'PRODUCED')).status).toBe(200);
    sandbox.clock.time += 1_000;
    expect((await sandbox.getOrder(1001, orderId)).status).toBe('CANCELLED');
  });
});
