import { describe, expect, test } from 'vitest';
import { type Fixture, known, TOKEN } from '../fixture.ts';
import { actionsContract } from './actions.ts';
import { attemptsContract } from './attempts.ts';
import { cardStatesContract } from './card-states.ts';
import { cardsContract } from './cards.ts';
import { eventsContract } from './events.ts';
import { holdsContract } from './holds.ts';
import { leasesContract } from './leases.ts';
import { newsContract } from './news.ts';
import { orderRequestsContract } from './order-requests.ts';
import { ownersContract } from './owners.ts';
import { runsContract } from './runs.ts';

const KEY = '054064c9-e01e-49fb-8fd9-b0990b9442f4';

/** Tests all that a journal promises, whatever database it is in. @param makeFixture makes a place without a journal */
export function journalContract(makeFixture: () => Fixture): void {
  describe('actions', () => actionsContract(makeFixture));
  describe('attempts', () => attemptsContract(makeFixture));
  describe('card states', () => cardStatesContract(makeFixture));
  describe('cards', () => cardsContract(makeFixture));
  describe('events', () => eventsContract(makeFixture));
  describe('holds', () => holdsContract(makeFixture));
  describe('leases', () => leasesContract(makeFixture));
  describe('news', () => newsContract(makeFixture));
  describe('order requests', () => orderRequestsContract(makeFixture));
  describe('owners', () => ownersContract(makeFixture));
  describe('runs', () => runsContract(makeFixture));

  test('forgetting takes the cards, attempts and keys of one environment, and nothing of another', async () => {
    const fixture = makeFixture();
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
    expect((await mine.claim(fixture.claim())).claimed).toBe(true);
    expect(await theirs.listCards()).toHaveLength(1);
    expect(await theirs.latestAttempt(TOKEN)).toMatchObject({ outcome: 'sent' });
    expect(await theirs.findOrderRequest(1001, KEY)).not.toBeNull();
  });
}
