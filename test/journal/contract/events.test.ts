import { beforeEach, describe, expect, test } from 'vitest';
import type { Delivery, Journal } from '../../../src/journal/journal.ts';
import { decodeEvent } from '../../../src/webhooks/decode-event.ts';
import { orderBody, productionBody } from '../../harness/events.ts';
import { JOURNALS } from '../../harness/journals.ts';
import { TOKEN } from '../../harness/records.ts';

function delivery(text: string, more: Partial<Delivery> = {}): Delivery {
  const body = Buffer.from(text);
  return {
    deliveryId: crypto.randomUUID(),
    signature: 'signed',
    body,
    isTest: false,
    isVerified: true,
    receivedAt: 0,
    event: decodeEvent(body),
    ...more,
  };
}

const other = (text: string) =>
  text.replace('"sent_at":"', '"sent_at":"2027-').replace('01234567', '89abcdef');

describe.each(JOURNALS)('the events of $name', ({ makeFixture }) => {
  let journal: Journal;

  beforeEach(async () => {
    journal = (await makeFixture()).open();
  });

  const keep = async (text: string, more: Partial<Delivery> = {}) => journal.keepEvent(delivery(text, more));

  test.each([
    ['a production', productionBody('PRODUCED')],
    ['an order', orderBody('PLACED')],
    [
      'an event of another type',
      '{"event_type":"balances#update","data":{"amount":1},"sent_at":"2026-01-01T00:00:00Z"}',
    ],
  ])(
    '%s is kept once, also when it is delivered under another id, later, to another subscription',
    async (_, body) => {
      expect(await keep(body)).not.toBeNull();
      expect(await keep(body)).toBeNull();
      expect(await keep(other(body))).toBeNull();
      expect(await journal.listEvents({})).toHaveLength(1);
    },
  );

  test('a body that is not JSON is stored once for the same bytes', async () => {
    expect(await keep('hello')).toMatchObject({ eventType: 'unknown' });
    expect(await keep('hello')).toBeNull();
    expect(await keep('hello!')).not.toBeNull();
  });

  test('a body that is nested too deep is stored once as well', async () => {
    const deep = `{"event_type":"x#y","data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(await keep(deep)).toMatchObject({ eventType: 'unknown' });
    expect(await keep(deep)).toBeNull();
  });

  test('of several events that arrive at once, one that cannot be stored fails alone', async () => {
    const statuses = ['NEW', 'IN_PROGRESS', 'READY', 'PRODUCED'];
    const kept = await Promise.allSettled(
      statuses.map(async (status) =>
        keep(productionBody(status), status === 'READY' ? { receivedAt: Number.NaN } : {}),
      ),
    );
    expect(kept.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    const stored = await journal.listEvents({});
    expect(stored.map(({ status }) => status)).toEqual(['NEW', 'IN_PROGRESS', 'PRODUCED']);
  });

  test('an event that arrives twice at once is stored once', async () => {
    const kept = await Promise.all(
      ['one', 'two'].map(async (id) => keep(productionBody('READY'), { deliveryId: id })),
    );
    expect(kept).toEqual([expect.objectContaining({ deliveryId: 'one' }), null]);
    expect(await journal.listEvents({})).toHaveLength(1);
  });

  test('an unsigned delivery id does not block another event', async () => {
    await keep(productionBody('IN_PROGRESS'), { deliveryId: 'same' });
    expect(await keep(productionBody('PRODUCED'), { deliveryId: 'same' })).not.toBeNull();
  });

  test('a test notification is identified by its id only, and never replaces a real event', async () => {
    const body = productionBody('PRODUCED');
    expect(await keep(body, { isTest: true, deliveryId: 'one' })).toMatchObject({ isTest: true });
    expect(await keep(body, { isTest: true, deliveryId: 'one' })).toBeNull();
    expect(await keep(body, { isTest: true, deliveryId: 'two' })).not.toBeNull();
    expect(await keep(body)).toMatchObject({ isTest: false });
  });

  test('a hint never replaces a verified event', async () => {
    const body = productionBody('PRODUCED');
    await keep(body, { isVerified: false, signature: null, deliveryId: null });
    expect(await keep(body)).toMatchObject({ isVerified: true });
  });

  test('verified events of an order name its card, but hints and test notifications do not', async () => {
    const body = orderBody('CARD_DETAILS_CREATED').replace('"card_token":null', `"card_token":"${TOKEN}"`);
    await keep(body, { isVerified: false, signature: null, deliveryId: null });
    await keep(body, { isTest: true });
    expect(await journal.findCardToken(501)).toBeNull();
    await keep(body);
    expect(await journal.findCardToken(501)).toBe(TOKEN);
  });

  test('many events are deleted in batches, and newer ones remain', async () => {
    await Promise.all(Array.from({ length: 4_500 }, async (_, index) => keep(`old ${index}`)));
    await keep('new', { receivedAt: 10 });
    expect(await journal.pruneEvents(10)).toBe(4_500);
    expect(await journal.listEvents({})).toMatchObject([{ receivedAt: 10 }]);
  });
});
