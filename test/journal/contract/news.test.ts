import { describe, expect, test } from 'vitest';
import { type CardToken, parseCardToken } from '../../../src/domain/ids.ts';
import type { EventCursor, Journal } from '../../../src/journal/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';
import { orderEvent, productionEvent } from '../../harness/records.ts';

interface Card {
  cardToken: CardToken;
  orderId: number;
}

const cards = (count: number): Card[] =>
  Array.from({ length: count }, (_, index) => ({
    cardToken: parseCardToken(crypto.randomUUID()),
    orderId: index + 1,
  }));

let kept = 0;

/** Keeps an event of each, all in one go. */
async function keep(journal: Journal, about: readonly Partial<Card>[]): Promise<void> {
  const events = about.map((named) => {
    kept += 1;
    const time = { occurredAt: new Date(Date.UTC(2026, 0, 1) + kept).toISOString() };
    return named.orderId === undefined
      ? productionEvent('READY', { ...named, ...time })
      : orderEvent('PLACED', { cardToken: null, ...named, ...time });
  });
  const deliveries = events.map(({ receivedAt, isTest, isVerified, deliveryId, ...event }) => ({
    receivedAt,
    isTest,
    isVerified,
    deliveryId,
    event,
    signature: 'signed',
    body: Buffer.from(JSON.stringify(event)),
  }));
  await Promise.all(deliveries.map(async (delivery) => journal.keepEvent(delivery)));
}

/** Reads the journal as a wait does: its events are listed only where it may have news. */
class Reader {
  listed = 0;
  readonly #journal: Journal;
  readonly #card: Card;
  #readTo: EventCursor | null = null;
  #seen = 0;

  constructor(journal: Journal, card: Card) {
    this.#journal = journal;
    this.#card = card;
  }

  /** @returns how many events of its card it has seen by now */
  async read(): Promise<number> {
    const { upTo, isQuiet } = await this.#journal.newsOf(this.#card, this.#readTo);
    if (!isQuiet || this.#readTo === null) {
      this.listed += 1;
      this.#seen = (await this.#journal.listEvents({ card: this.#card })).length;
    }
    this.#readTo = upTo;
    return this.#seen;
  }
}

describe.each(JOURNALS)('news in $name', ({ makeFixture }) => {
  test('a card has news when an event of any process names it or its order', async () => {
    const fixture = await makeFixture();
    const [journal, listener] = [fixture.open(), fixture.open()];
    const [ours, other] = cards(2) as [Card, Card];
    await keep(listener, [ours, other]);
    const reader = new Reader(journal, ours);
    const read = async () => {
      fixture.now += 2;
      return reader.read();
    };
    expect(await read()).toBe(1);
    await keep(listener, [{ cardToken: ours.cardToken }]);
    expect(await read()).toBe(2);
    await keep(journal, [{ orderId: ours.orderId }]);
    expect(await read()).toBe(3);
    const { listed } = reader;
    await keep(listener, [other, { orderId: other.orderId }]);
    await keep(fixture.open('production'), [ours]);
    for (let turn = 0; turn < 5; turn += 1) expect(await read()).toBe(3);
    expect(reader.listed).toBe(listed);
  });

  test.each([
    ['a few at a time', 100],
    ['in bursts', 700],
  ])('nothing is missed where events of many cards come %s', async (_, burst) => {
    const fixture = await makeFixture();
    const [journal, listener] = [fixture.open(), fixture.open()];
    const [ours, later, ...others] = cards(2_200) as [Card, Card, ...Card[]];
    const reader = new Reader(journal, ours);
    // It asks only now and then: what came for it meanwhile may be forgotten.
    const seldom = new Reader(journal, later);
    await keep(listener, others.splice(0, 1));
    expect(await seldom.read()).toBe(0);
    await keep(listener, [later]);
    let expected = 0;
    for (let from = 0; from < others.length; from += burst) {
      await keep(listener, others.slice(from, from + burst));
      await keep(listener, [{ cardToken: ours.cardToken }]);
      expected += 1;
      fixture.now += 2;
      expect(await reader.read()).toBe(expected);
    }
    fixture.now += 2;
    expect(await seldom.read()).toBe(1);
  });

  test('a watch reports an event that another process stores, and ends with its signal', async () => {
    const fixture = await makeFixture();
    const [journal, listener] = [fixture.open(), fixture.open()];
    const end = new AbortController();
    let seen = -1;
    const watching = (async () => {
      for await (const _ of journal.watch(end.signal)) seen = (await journal.listEvents({})).length;
    })();
    await expect.poll(() => seen).toBe(0);
    await keep(listener, cards(1));
    await expect.poll(() => seen, { interval: 5 }).toBe(1);
    end.abort();
    await watching;
  });
});
