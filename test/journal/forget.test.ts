// Only the environment `local`, whose journal is always a file, forgets its cards.
import { expect, test } from 'vitest';
import { known, SqliteFixture } from '../harness/journal.ts';
import { TOKEN } from '../harness/records.ts';

const KEY = '054064c9-e01e-49fb-8fd9-b0990b9442f4';

test('forget deletes the cards, attempts and keys of one environment only', async () => {
  const fixture = new SqliteFixture();
  const [mine, theirs] = [fixture.open('local'), fixture.open('production')];
  for (const journal of [mine, theirs]) {
    await journal.rememberCard(known(), fixture.now);
    await fixture.sent(journal);
    await journal.recordOrderRequest(
      { profileId: 1001, idempotencyKey: KEY, fingerprint: 'f', orderId: 501 },
      1,
    );
  }
  await mine.forget();
  expect(await mine.listCards()).toEqual([]);
  expect(await mine.latestAttempt(TOKEN)).toBeNull();
  expect(await mine.findOrderRequest(1001, KEY)).toBeNull();
  expect((await fixture.claimed(mine)).claimed).toBe(true);
  expect(await theirs.listCards()).toHaveLength(1);
  expect(await theirs.latestAttempt(TOKEN)).toMatchObject({ outcome: 'sent' });
  expect(await theirs.findOrderRequest(1001, KEY)).not.toBeNull();
});
