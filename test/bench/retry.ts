// npm run bench:retry [cards] [kiosks]: `retry` of many failed cards over many kiosks of the embedded sandbox, with the
// events of a live listener: time, requests a card, and memory, which must not grow with the number of cards.
import { kioskIds, report, Stage } from './stage.ts';

const CARDS = Number(process.argv[2] ?? 1_000);
const KIOSKS = Number(process.argv[3] ?? 10);
/** The same with few cards, to compare memory with: enough for all code to be warm. */
const FEW = 300;
/** V8 gives garbage as much room as it finds, which hides what is kept: here it gets little. */
const LITTLE_ROOM = '--max-semi-space-size=2';
/** Peak memory of the run with all cards, at most this times that with few. */
const MOST_GROWTH = 1.3;
const MOST_READS = 1.1;
const PROFILE = 1001;

class Failures extends Stage {
  /** Cards that a bank's own back-end ordered, and that failed at their kiosks. */
  async failedCards(count: number): Promise<void> {
    const failing = { status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' };
    await this.outcomes(kioskIds(KIOSKS), { ...failing, times: Math.ceil(count / KIOSKS) });
    await inParallel(count, async (index) => this.#failedCard(kioskIds(KIOSKS)[index % KIOSKS] ?? ''));
    await this.call('DELETE', '/_sandbox/faults');
    await this.outcomes(kioskIds(KIOSKS), { status: 'PRODUCED', times: count });
  }

  async #failedCard(kioskId: string): Promise<void> {
    const order = await this.call<{ id: number }>('POST', `/v3/spend/profiles/${PROFILE}/card-orders`, {
      program: 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API',
      cardHolderName: 'Sam Sample',
      address: { firstLine: '1 Sample Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
      deliveryOption: 'KIOSK_COLLECTION',
    });
    const cards = `/v3/spend/profiles/${PROFILE}/cards`;
    const statusOf = async () => {
      const { cardToken } = await this.call<{ cardToken: string | null }>(
        'GET',
        `/v3/spend/profiles/${PROFILE}/card-orders/${order.id}`,
      );
      if (cardToken === null) return { cardToken, status: null };
      const { status } = await this.call<{ status: string }>('GET', `${cards}/${cardToken}/production`).catch(
        () => ({ status: null }),
      );
      return { cardToken, status };
    };
    let card = await statusOf();
    while (card.status !== 'READY') card = await statusOf();
    await this.call('PUT', `${cards}/${card.cardToken}/production`, { kioskId });
    while (card.status !== 'PRODUCTION_ERROR') card = await statusOf();
  }

  /** Waits until the listener has heard of all failures. */
  async heard(count: number): Promise<void> {
    for (;;) {
      const { document } = await this.run(['retry', ...selection(), '--dry-run', '--json']);
      const planned = document.plan.kiosks.flatMap(({ cards }: { cards: unknown[] }) => cards).length;
      if (planned === count) return;
    }
  }
}

function selection(): string[] {
  return kioskIds(KIOSKS).flatMap((kioskId) => ['--kiosk', kioskId]);
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const run = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: 8 }, run));
}

async function measure(count: number) {
  const stage = new Failures();
  try {
    await stage.open(['--speed', '1000', '--kiosks', String(KIOSKS)]);
    await stage.failedCards(count);
    await stage.heard(count);
    const args = ['retry', ...selection(), '--yes', '--attended', '--json'];
    const { document, ...figures } = await stage.run(args, { NODE_OPTIONS: LITTLE_ROOM });
    const { done = 0 } = document.summary;
    const { reads, sends } = document.requests;
    console.log(
      `${count} cards at ${KIOSKS} kiosks: ${done} produced in ${figures.seconds.toFixed(1)} s, ` +
        `${(reads / count).toFixed(2)} reads and ${(sends / count).toFixed(2)} sends a card, peak memory ${figures.memory.toFixed(0)} MiB`,
    );
    return { ...figures, done, reads: reads / count, sends: sends / count };
  } finally {
    await stage.close();
  }
}

const few = await measure(FEW);
const all = await measure(CARDS);
const growth = all.memory / few.memory;
report([
  [`all produced, ${all.done} of ${CARDS}`, all.done === CARDS && few.done === FEW],
  [`one send a card, ${all.sends.toFixed(2)}`, all.sends === 1],
  [`reads a card, ${all.reads.toFixed(2)} (at most ${MOST_READS})`, all.reads <= MOST_READS],
  [
    `memory of ${CARDS} to that of ${FEW} cards, ${growth.toFixed(2)} (at most ${MOST_GROWTH})`,
    growth <= MOST_GROWTH,
  ],
]);
