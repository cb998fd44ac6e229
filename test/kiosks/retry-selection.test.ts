import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { produce } from '../../src/cards/produce.ts';
import type { Report } from '../../src/context/context.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import { plannedRetry } from '../../src/kiosks/retry-views.ts';
import { makeStyle } from '../../src/output/style.ts';
import { status } from '../../src/status/status.ts';
import { Listener } from '../harness/cards.ts';
import { productionEvent } from '../harness/records.ts';
import { type FailedCard, FailedCards, HERE, keepEvents, outcomesOf, THERE } from './failed-cards.ts';

let cards: FailedCards;

beforeEach(async () => {
  cards = await FailedCards.open();
});
afterEach(() => cards.world.close());

function tokensOf(targets: readonly FailedCard[]): string[] {
  return targets.map(({ cardToken }) => cardToken);
}

describe('a retry of a selection', () => {
  test('a retry of a selection produces the failed cards of the kiosk, oldest first, each once', async () => {
    const failed = await cards.fail(3);
    await cards.fail(1, { kioskId: THERE });
    const fine = await cards.world.readyCard();
    cards.kioskMakes('PRODUCED');
    const retry = await cards.retry();
    expect(outcomesOf(retry)).toEqual(['done', 'done', 'done']);
    expect(retry.results.map(({ isCanary }) => isCanary)).toEqual([true, false, false]);
    expect(await cards.sentSince(4)).toEqual(tokensOf(failed));
    expect(await cards.world.journal.latestAttempt(fine.cardToken)).toBeNull();
    expect(outcomesOf(await cards.retry())).toEqual([]);
  });

  test('a retry sends nothing after a canary that fails again', async () => {
    const failed = await cards.fail(3);
    cards.kioskMakes('PRODUCTION_ERROR');
    const retry = await cards.retry();
    expect(outcomesOf(retry)).toEqual(['failed', 'not-started', 'not-started']);
    expect(retry.results.map(({ exitCode }) => exitCode)).toEqual([4, null, null]);
    expect(await cards.sentSince(3)).toEqual([failed[0]?.cardToken]);
    expect(retry.stops.map(({ message }) => message)).toEqual([
      'Nothing more is sent to kiosk WIS00001: the first card failed again.',
    ]);
    // The end says it, once.
    expect(cards.world.said.join('\n')).not.toContain('Nothing more is sent');
  });

  test('the next retry has another canary, and sends the one that failed last', async () => {
    const [first, second, third] = await cards.fail(3);
    cards.kioskMakes('PRODUCTION_ERROR', { times: 1 });
    await cards.retry();
    cards.kioskMakes('PRODUCED');
    const retry = await cards.retry();
    expect(outcomesOf(retry)).toEqual(['done', 'done', 'done']);
    expect(await cards.sentSince(4)).toEqual([second, third, first].map((card) => card?.cardToken));
  });

  test('a retry stops after failures in a row, but not after one between produced cards', async () => {
    await cards.fail(6);
    cards.kioskMakes('PRODUCED', { times: 1 });
    cards.kioskMakes('PRODUCTION_ERROR', { times: 1 });
    cards.kioskMakes('PRODUCED', { times: 1 });
    cards.kioskMakes('PRODUCTION_ERROR', { times: 2 });
    const retry = await cards.retry();
    expect(outcomesOf(retry)).toEqual(['done', 'failed', 'done', 'failed', 'failed', 'not-started']);
  });

  test('a retry continues with other kiosks when one stops', async () => {
    await cards.fail(2);
    await cards.fail(2, { kioskId: THERE });
    cards.kioskMakes('PRODUCTION_ERROR');
    cards.kioskMakes('PRODUCED', { kioskId: THERE });
    const retry = await cards.retry({ selection: { kioskIds: [HERE, THERE] } });
    expect(
      retry.results.map(({ outcome, ...one }) => [('kioskId' in one && one.kioskId) || '', outcome]),
    ).toEqual([
      [HERE, 'failed'],
      [HERE, 'not-started'],
      [THERE, 'done'],
      [THERE, 'done'],
    ]);
  });

  test('a retry of a selection sends the cards to another kiosk', async () => {
    await cards.fail(2);
    cards.kioskMakes('PRODUCED', { kioskId: THERE });
    const retry = await cards.retry({ selection: { toKiosk: THERE } });
    expect(retry.results.map(({ card }) => card.production?.kioskId)).toEqual([THERE, THERE]);
  });

  test('a retry of a selection obeys --error-code, --exclude and --limit', async () => {
    const [first, second] = await cards.fail(3);
    await cards.fail(1, { errorCode: 'PRT_RIBBON_ENDED' });
    const exclude = [{ profileId: null, orderId: null, cardToken: first?.cardToken ?? null }];
    const selection = { errorCodes: ['PRD_HOPPER_DOOR'], exclude, limit: 1 };
    const { plan } = await cards.retry({ selection, isDryRun: true });
    expect(plan.kiosks.flatMap((kiosk) => kiosk.cards.map(({ one }) => one.card.cardToken))).toEqual([
      second?.cardToken,
    ]);
    expect(plan.beyondLimit).toBe(1);
    cards.kioskMakes('PRODUCED');
    await cards.retry({ selection });
    expect(await cards.sentSince(4)).toEqual([second?.cardToken]);
  });

  test('a dry run sends nothing and stores nothing', async () => {
    await cards.fail(2);
    const acts = await cards.world.journal.listActions({});
    const { plan, results } = await cards.retry({ isDryRun: true });
    expect([plan.kiosks[0]?.cards.length, results]).toEqual([2, []]);
    expect(await cards.sentSince(2)).toEqual([]);
    expect(await cards.world.journal.listActions({})).toEqual(acts);
  });

  test('a retry leaves out cards that can never be produced again, and names them', async () => {
    await cards.fail(1);
    await cards.fail(1, { errorCode: 'PRD_FINAL_VALIDATION_NOK' });
    cards.world.sandbox.advance(61 * 86_400_000);
    const [fresh] = await cards.fail(1);
    // The age is known by the API's clock, from the look at the fresh card.
    cards.kioskMakes('PRODUCED');
    const retry = await cards.retry();
    expect(retry.results.map(({ outcome, exitCode, error }) => [outcome, exitCode, error?.code])).toEqual([
      ['done', 0, undefined],
      ['refused', 6, 'card-expired'],
      ['refused', 6, 'card-expired'],
    ]);
    expect(await cards.sentSince(3)).toEqual([fresh?.cardToken]);
  });

  test('a retry asks who collects the cards also with --yes, and then for approval of the plan', async () => {
    await cards.fail(1);
    const { ask } = cards.world.context();
    cards.world.answers.push(true, false);
    await expect(cards.retry({ isAttended: false, context: { ask } })).rejects.toMatchObject({
      code: 'not-confirmed',
    });
    expect(cards.world.asked).toEqual([
      'Is someone at WIS00001 to collect the cards? Uncollected cards are rejected.',
      'Is the cause fixed? Produce this card now?',
    ]);
    expect(await cards.sentSince(1)).toEqual([]);
  });

  test('a retry at an unknown kiosk is a mistake', async () => {
    await cards.fail(1);
    await expect(cards.retry({ selection: { kioskIds: [parseKioskId('WIS00009')] } })).rejects.toMatchObject({
      code: 'usage',
      hint: 'Known here: WIS00001, WIS00002, WIS00003.',
    });
  });

  test('cards of profiles without a token are left out before anything is sent', async () => {
    const failed = await cards.fail(2);
    const asked: number[] = [];
    const authorize = async (profileId: number) => {
      asked.push(profileId);
      throw new Failure('credentials-missing', 'no token', { hint: 'none' });
    };
    const retry = await cards.retry({ context: { authorize } });
    expect(retry.results.map(({ exitCode }) => exitCode)).toEqual([3, 3]);
    expect(asked).toEqual([1001]);
    expect(await cards.sentSince(failed.length)).toEqual([]);
  });
});

test('each of many customers is asked for once, before anything is sent, and who has no token is named in the plan', async () => {
  const profiles = Array.from({ length: 40 }, (_, index) => 2_001 + index);
  const journal = cards.world.openJournal('sandbox');
  await keepEvents(
    journal,
    profiles.map((profileId) =>
      productionEvent('PRODUCTION_ERROR', { profileId, cardToken: parseCardToken(crypto.randomUUID()) }),
    ),
  );
  const asked: number[] = [];
  const authorize = async (profileId: number) => {
    expect(await cards.sentSince(0)).toEqual([]);
    asked.push(profileId);
    if (profileId % 2 === 0) throw new Failure('credentials-missing', 'no token', { hint: 'none' });
    return { source: 'the vault', endsAt: null };
  };
  const retry = await cards.retry({ context: { journal, authorize } });
  expect(new Set(asked)).toEqual(new Set(profiles));
  expect(asked).toHaveLength(40);
  const [plan] = cards.plans;
  expect(plan?.leftOut.map(({ card, failure }) => [card.profileId, failure.exitCode])).toEqual(
    profiles.filter((profileId) => profileId % 2 === 0).map((profileId) => [profileId, 3]),
  );
  expect(retry.results).toHaveLength(40);
  await journal.close();
});

describe('other processes', () => {
  test('a retry sends nothing to a kiosk on hold', async () => {
    await cards.fail(2);
    await cards.other().holdKiosk({ kioskId: HERE, reason: 'door broken', context: 'night', at: 0 });
    const retry = await cards.retry();
    expect(retry.results.map(({ exitCode, error }) => [exitCode, error?.code])).toEqual([
      [9, 'kiosk-held'],
      [9, 'kiosk-held'],
    ]);
    expect(await cards.sentSince(2)).toEqual([]);
  });

  test('a plan names the cards that a hold leaves out in one line', async () => {
    const failed = await cards.fail(2);
    await cards.other().holdKiosk({ kioskId: HERE, reason: 'door broken', context: 'night', at: 0 });
    const plan = plannedRetry(await cards.retry({ isDryRun: true }));
    const lines = (await plan.text(makeStyle(false)))
      .split('\n')
      .filter((line) => line.startsWith('Left out'));
    expect(lines).toHaveLength(1);
    for (const token of tokensOf(failed)) expect(lines[0]).toContain(token);
    expect(lines[0]).toContain(': door broken. Release it: kioskctl kiosk release');
  });

  test('a hold that is set between two cards ends the run', async () => {
    await cards.fail(3);
    cards.kioskMakes('PRODUCED');
    const { journal } = cards.world;
    const hold = { kioskId: HERE, reason: 'smoke', context: 'night', at: 0 };
    const shown = new Set<string>();
    const progress: Report['progress'] = (shownNow) => {
      if (shownNow?.kind !== 'cards') return;
      shown.add(shownNow.counts[0]?.current?.card ?? '');
      // The second card begins.
      if (shown.size === 3) void journal.holdKiosk(hold);
    };
    const report = { ...cards.world.context().report, progress };
    const retry = await cards.retry({ context: { report } });
    expect(retry.results.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ['done', undefined],
      ['refused', 'kiosk-held'],
      ['not-started', undefined],
    ]);
    expect(await cards.sentSince(3)).toHaveLength(1);
  });

  test('cards at a kiosk that was locked when the machine was restarted are retried', async () => {
    await cards.fail(2);
    const earlier = cards.world.openJournal('local', { boot: 'an earlier boot' });
    await earlier.takeLeases([`kiosk ${HERE}`], 'retry');
    await earlier.close();
    cards.kioskMakes('PRODUCED');
    expect(outcomesOf(await cards.retry())).toEqual(['done', 'done']);
  });

  test('a retry leaves out cards and kiosks that another process works on, and names the process', async () => {
    await cards.fail(2);
    const foreign = cards.other();
    await foreign.takeLeases([`kiosk ${HERE}`], 'retry');
    const retry = await cards.retry();
    expect(retry.results.map(({ exitCode, error }) => [exitCode, error?.code])).toEqual([
      [9, 'leased'],
      [9, 'leased'],
    ]);
    expect(retry.results[0]?.error?.message).toMatch(
      /Kiosk WIS00001 is locked by \S+@\S+, process \d+.* \(retry\)/,
    );
    await foreign.releaseLeases([`kiosk ${HERE}`]);
    cards.kioskMakes('PRODUCED');
    expect(outcomesOf(await cards.retry())).toEqual(['done', 'done']);
  });

  test('a card that another process retried since the plan is not sent', async () => {
    const [first, second] = await cards.fail(2);
    const target = { ...(first as FailedCard) };
    const confirm = async () => {
      // While the plan waits for its approval, the bank's own back-end produces the first card, which fails again.
      await cards.produceElsewhere(target, HERE);
      await cards.simulateElsewhere(target, 'PRD_HOPPER_DOOR');
      return true;
    };
    const { ask } = cards.world.context();
    const simulation = { status: 'PRODUCED' } as const;
    const retry = await cards.retry({ simulation, context: { ask: { ...ask, confirm } } });
    expect(retry.results.map(({ card, exitCode }) => [card.cardToken, exitCode])).toEqual([
      [first?.cardToken, 9],
      [second?.cardToken, 0],
    ]);
  });
});

describe('an earlier run', () => {
  test('a card of an earlier run that is still in the kiosk is awaited first, and not sent again', async () => {
    const [first, second] = await cards.fail(2);
    const timing = { ...cards.world.context().timing, timeout: 1_000 };
    // Nothing comes out: the first run gives up waiting.
    expect(outcomesOf(await cards.retry({ context: { timing } }))).toEqual(['timeout', 'not-started']);
    expect(await cards.sentSince(2)).toEqual([first?.cardToken]);
    const simulation = { status: 'PRODUCED' } as const;
    const retry = await cards.retry({ simulation });
    expect(retry.results.map(({ card, outcome, isCanary }) => [card.cardToken, outcome, isCanary])).toEqual([
      [first?.cardToken, 'done', true],
      [second?.cardToken, 'done', false],
    ]);
    expect(await cards.sentSince(2)).toEqual([first?.cardToken, second?.cardToken]);
  });

  test('a request of a killed run is settled before anything else', async () => {
    const [first, second] = await cards.fail(2);
    await cards.dieSending(first as FailedCard);
    const retry = await cards.retry({ simulation: { status: 'PRODUCED' } });
    expect(outcomesOf(retry)).toEqual(['done', 'done']);
    expect(await cards.sentSince(2)).toEqual([first?.cardToken, second?.cardToken]);
    const attempts = await cards.world.journal.listAttempts(parseCardToken(first?.cardToken ?? ''));
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'produced']);
  });
});

/** A run that gives up waiting for its first card. */
async function leaveInKiosk(selection: Parameters<typeof cards.retry>[0] = {}): Promise<void> {
  const timing = { ...cards.world.context().timing, timeout: 1_000 };
  expect(outcomesOf(await cards.retry({ ...selection, context: { timing } }))[0]).toBe('timeout');
}

describe('a card that may still be in a kiosk', () => {
  const simulation = { status: 'PRODUCED' } as const;

  test('a card that may still be in a kiosk is awaited at the other kiosk to which it was sent', async () => {
    const [first, second] = await cards.fail(2);
    const selection = { toKiosk: THERE };
    await leaveInKiosk({ selection });
    const retry = await cards.retry({ selection, simulation });
    expect(retry.results.map(({ card }) => [card.cardToken, card.production?.kioskId])).toEqual([
      [first?.cardToken, THERE],
      [second?.cardToken, THERE],
    ]);
    expect(await cards.sentSince(2)).toEqual([first?.cardToken, second?.cardToken]);
  });

  test('a card that failed at the other kiosk is found again, and goes last', async () => {
    const [first, second] = await cards.fail(2);
    const selection = { toKiosk: THERE };
    cards.kioskMakes('PRODUCTION_ERROR', { kioskId: THERE, times: 1 });
    await cards.retry({ selection });
    cards.kioskMakes('PRODUCED', { kioskId: THERE });
    expect(outcomesOf(await cards.retry({ selection }))).toEqual(['done', 'done']);
    expect(await cards.sentSince(3)).toEqual([second?.cardToken, first?.cardToken]);
  });

  test('a card that may still be in a kiosk is awaited by a run of another selection, too', async () => {
    const [first, second] = await cards.fail(2);
    await leaveInKiosk({ selection: { errorCodes: ['PRD_HOPPER_DOOR'] } });
    await cards.retry({ simulation });
    expect(await cards.sentSince(2)).toEqual([first?.cardToken, second?.cardToken]);
  });

  test('the plan shows a card that is in progress without an error code', async () => {
    await cards.fail(1);
    const other = await cards.world.readyCard();
    const sent = { targets: [other], kioskId: HERE, wait: false, settings: {}, simulation: null };
    await produce(cards.world.context(), sent);
    const plan = plannedRetry(await cards.retry({ isDryRun: true }));
    expect(plan.failures).toEqual([{ kind: 'production', errorCode: 'PRD_HOPPER_DOOR' }]);
    const text = await plan.text(makeStyle(false));
    expect(text).toContain('in the kiosk, waiting for it');
    expect(text).not.toContain('UNKNOWN_ERROR');
  });

  test('a card that was produced without waiting is awaited', async () => {
    const failed = await cards.fail(1);
    const other = await cards.world.readyCard();
    const sent = { targets: [other], kioskId: HERE, wait: false, settings: {}, simulation: null };
    await produce(cards.world.context(), sent);
    const retry = await cards.retry({ simulation });
    expect(retry.results.map(({ card, outcome }) => [card.cardToken, outcome])).toEqual([
      [other.cardToken, 'done'],
      [failed[0]?.cardToken, 'done'],
    ]);
    expect(await cards.sentSince(2)).toEqual(tokensOf(failed));
  });

  test('a card that cannot be read and may be in a kiosk keeps all other cards out of it', async () => {
    const [first, second] = await cards.fail(2);
    await leaveInKiosk();
    const path = `/cards/${first?.cardToken}/production`;
    cards.world.fault({ kind: 'answer', method: 'GET', path, times: 50, status: 403 });
    const retry = await cards.retry();
    expect(retry.results.map(({ card, exitCode }) => [card.cardToken, exitCode])).toEqual([
      [first?.cardToken, 3],
      [second?.cardToken, 3],
    ]);
    expect(await cards.sentSince(3)).toEqual([]);
  });
});

test('a run that was suspended and lost its kiosk sends nothing more', async () => {
  await cards.fail(3);
  cards.kioskMakes('PRODUCED');
  const other = cards.other();
  let begun = 0;
  const progress: Report['progress'] = (shown) => {
    if (shown?.kind !== 'cards' || !shown.counts[0]?.current) return;
    begun += 1;
    if (begun > 1) return;
    // As if its machine had slept: others took it for gone.
    cards.world.clock.time += 11_000;
    void other.takeLeases([`kiosk ${HERE}`], 'retry');
  };
  const retry = await cards.retry({ context: { report: { ...cards.world.context().report, progress } } });
  expect(outcomesOf(retry)).toEqual(['done', 'not-started', 'not-started']);
  expect(await cards.sentSince(3)).toHaveLength(1);
  expect(retry.stops).toMatchObject([{ message: expect.stringContaining('another process locked it') }]);
});

test('an order that was cancelled before a listener ran is not missed', async () => {
  const [first, second] = await cards.fail(2);
  await cards.cancelElsewhere(first as FailedCard);
  cards.world.clock.time += 60_000;
  const listener = await Listener.start(cards.world);
  cards.kioskMakes('PRODUCED');
  const retry = await cards.retry({ context: { clock: listener.clock } });
  expect(retry.results.map(({ exitCode }) => exitCode)).toEqual([6, 0]);
  expect(await cards.sentSince(2)).toEqual([second?.cardToken]);
});

describe('cards of other systems', () => {
  test('cards of other systems are retried by the failures that events reported', async () => {
    const target = await cards.world.readyCard();
    const journal = cards.world.openJournal('sandbox');
    await cards.produceElsewhere(target, HERE);
    await cards.simulateElsewhere(target, 'PRD_HOPPER_DOOR');
    await keepEvents(journal, await cards.eventsOf(target));
    cards.kioskMakes('PRODUCED');
    const retry = await cards.retry({ context: { journal } });
    expect(retry.results.map(({ card, outcome }) => [card.cardToken, outcome, card.stage])).toEqual([
      [target.cardToken, 'done', 'produced'],
    ]);
    expect(await cards.sentSince(1)).toEqual([target.cardToken]);
    await journal.close();
  });
});

test('with a running listener, a retry needs one read and one request for each card', async () => {
  const failed = await cards.fail(5);
  cards.world.clock.time += 60_000;
  const listener = await Listener.start(cards.world);
  // Like its catch-up: what was known before it listened may have changed unheard.
  await status(cards.world.context(), { targets: failed, history: false, exitStatus: false });
  cards.kioskMakes('PRODUCED');
  const watch = async (): Promise<void> => {
    for (const target of failed) {
      const attempt = await cards.world.journal.latestAttempt(target.cardToken);
      if (attempt?.outcome === 'accepted')
        await keepEvents(cards.world.journal, [await cards.resultOf(target)]);
    }
    listener.clock.plan(100, watch);
  };
  listener.clock.plan(100, watch);
  const context = { clock: listener.clock, wise: cards.world.client() };
  const retry = await cards.retry({ context });
  expect(retry.results).toMatchObject(failed.map(() => ({ outcome: 'done', via: 'event' })));
  expect(retry.used).toEqual({ reads: 5, sends: 5 });
});
