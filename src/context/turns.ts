/** Number of cards per turn of the event loop. They take a few milliseconds. */
const TURN = 200;

/** Calls a function with each of many cards. A server answers webhooks in between. */
export async function inTurns<Item>(items: readonly Item[], work: (item: Item) => void): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    work(item);
  }
}
