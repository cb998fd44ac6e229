import { beforeEach, describe, expect, test } from 'vitest';
import { type Fixture } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';

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
});
