import { beforeEach, describe, expect, test } from 'vitest';
import { parseCardToken } from '../../../src/domain/ids.ts';
import { type Fixture, known } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';
import { production, TOKEN } from '../../harness/records.ts';

const KEY = '054064c9-e01e-49fb-8fd9-b0990b9442f4';

describe.each(JOURNALS)('the order requests of $name', ({ makeFixture }) => {
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await makeFixture();
  });

  describe('the idempotency key of an order', () => {
    const request = { profileId: 1001, idempotencyKey: KEY, fingerprint: 'f1', orderId: null };

    test('an idempotency key is available to the next command, and later has its order', async () => {
      const journal = fixture.open();
      expect(await journal.findOrderRequest(1001, KEY)).toBeNull();
      await journal.recordOrderRequest(request, fixture.now);
      expect(await fixture.open().findOrderRequest(1001, KEY)).toEqual(request);
      await journal.recordOrderRequest({ ...request, orderId: 501 }, fixture.now + 5);
      expect(await fixture.open().findOrderRequest(1001, KEY)).toEqual({ ...request, orderId: 501 });
    });

    test('an idempotency key that is recorded again keeps its order and its data', async () => {
      const journal = fixture.open();
      await journal.recordOrderRequest({ ...request, orderId: 501 }, fixture.now);
      await journal.recordOrderRequest({ ...request, fingerprint: 'f2' }, fixture.now);
      expect(await journal.findOrderRequest(1001, KEY)).toEqual({ ...request, orderId: 501 });
    });

    test('an idempotency key belongs to its profile and environment', async () => {
      const journal = fixture.open();
      await journal.recordOrderRequest(request, fixture.now);
      await journal.recordOrderRequest({ ...request, profileId: 7, fingerprint: 'f7' }, fixture.now);
      expect(await journal.findOrderRequest(7, KEY)).toMatchObject({ fingerprint: 'f7' });
      expect(await journal.findOrderRequest(8, KEY)).toBeNull();
      expect(await fixture.open('production').findOrderRequest(1001, KEY)).toBeNull();
    });
  });

  test('the time from an order to READY is that of the production before the first attempt, newest first', async () => {
    const journal = fixture.open();
    const place = async (number: number, readyAfter: number) => {
      const [orderId, cardToken] = [500 + number, parseCardToken(TOKEN.replace(/^./, String(number)))];
      const orderedAt = fixture.now + number * 1_000;
      const idempotencyKey = KEY.replace(/^./, String(number));
      await journal.recordOrderRequest(
        { profileId: 1001, idempotencyKey, fingerprint: 'f', orderId },
        orderedAt,
      );
      await journal.rememberCard(known({ orderId, cardToken }), orderedAt);
      const { attempt } = await fixture.claimed(journal, { orderId, cardToken });
      const occurredAt = new Date(orderedAt + readyAfter).toISOString();
      const baseline = { ...production('READY'), occurredAt };
      await journal.markSent(attempt, fixture.sending({ orderId, baseline }));
    };
    await place(1, 61_000);
    await place(2, 59_000);
    await place(3, 60_000);
    await journal.recordOrderRequest(
      { profileId: 1001, idempotencyKey: KEY, fingerprint: 'f', orderId: 509 },
      fixture.now,
    );
    expect(await journal.listReadyDurations(1001, 20)).toEqual([60_000, 59_000, 61_000]);
    expect(await journal.listReadyDurations(1001, 1)).toEqual([60_000]);
    expect(await journal.listReadyDurations(7, 20)).toEqual([]);
    await journal.rememberClockOffset(5_000);
    expect(await journal.listReadyDurations(1001, 1)).toEqual([55_000]);
  });
});
