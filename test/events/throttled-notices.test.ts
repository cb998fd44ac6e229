import { expect, test } from 'vitest';
import { Stopwatch } from '../../src/context/clocks.ts';
import { type Notice, ThrottledNotices } from '../../src/events/throttled-notices.ts';

/** A lull that lasts until the test ends it. */
function makeLull() {
  const lulls: (() => void)[] = [];
  const sleep = () => new Promise<void>((resolve) => void lulls.push(resolve));
  const over = async () => {
    lulls.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { stopwatch: new Stopwatch(() => 0, sleep), over };
}

test('the first notice is emitted immediately, later ones together, and one after a pause immediately again', async () => {
  const told: Notice[] = [];
  const { stopwatch, over } = makeLull();
  const notices = new ThrottledNotices(
    { stopwatch, signal: new AbortController().signal },
    (notice) => void told.push(notice),
  );
  notices.add('a', 1);
  notices.add('a', 2);
  notices.add('b');
  notices.add('a');
  expect(told).toEqual([{ reason: 'a', count: 1, ids: [1] }]);
  await over();
  expect(told.slice(1)).toEqual([
    { reason: 'a', count: 2, ids: [2] },
    { reason: 'b', count: 1, ids: [] },
  ]);
  await over();
  notices.add('c');
  expect(told.at(-1)).toMatchObject({ reason: 'c' });
  expect(notices.total).toBe(5);
});

test('flush emits the notices that are waiting', () => {
  const told: Notice[] = [];
  const { stopwatch } = makeLull();
  const notices = new ThrottledNotices(
    { stopwatch, signal: new AbortController().signal },
    (notice) => void told.push(notice),
  );
  for (let id = 1; id <= 500; id += 1) notices.add('a', id);
  notices.flush();
  expect(told.map(({ count }) => count)).toEqual([1, 499]);
  expect(told[1]?.ids).toHaveLength(100);
});

test('further reasons are counted together, because strangers may send any number of them', () => {
  const told: Notice[] = [];
  const notices = new ThrottledNotices(
    { stopwatch: makeLull().stopwatch, signal: new AbortController().signal },
    (notice) => void told.push(notice),
  );
  for (let number = 0; number <= 100; number += 1) notices.add(`path ${number}`);
  notices.flush();
  expect(told).toHaveLength(22);
  expect(told.at(-1)).toEqual({ reason: 'other reasons', count: 80, ids: [] });
});
