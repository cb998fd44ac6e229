import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Context } from '../../src/context/context.ts';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import { type RecoverOptions, recover } from '../../src/kiosks/recover.ts';
import { type FailedCard, FailedCards, failedAt, HERE, outcomesOf } from './failed-cards.ts';

let cards: FailedCards;

beforeEach(async () => {
  cards = await FailedCards.open();
});
afterEach(() => cards.world.close());

const planText = async () => 'the plan';

const OPEN = { isUnlistedAllowed: false, maxFailures: 2, settings: {}, simulation: null };

/** The kiosk recovers as the person answers. */
async function recovery(options: Partial<RecoverOptions> = {}, context: Partial<Context> = {}) {
  const open = { ...OPEN, rejected: null, isReleased: false, isAttended: false };
  return recover(cards.world.context(context), failedAt(HERE), { ...open, describe: planText, ...options });
}

/** Each card of which a spoiled one was recorded as destroyed; null for one that nobody can tell. */
async function destroyed(): Promise<(string | null)[]> {
  const acts = await cards.world.journal.listActions({ actions: ['destroyed'] });
  return acts.map(({ cardToken }) => cardToken);
}

async function hold(): Promise<void> {
  const { journal, clock } = cards.world;
  await journal.holdKiosk({ kioskId: HERE, reason: 'door is open', context: 'local', at: clock.now() });
}

async function sent(failures: number): Promise<number> {
  return (await cards.world.puts()).sent - failures;
}

const nameOf = ({ profileId, cardToken }: FailedCard) => `${profileId}/${cardToken}`;

describe('the recovery of a kiosk', () => {
  test('a recovery asks step by step, and then produces each card, the first one alone', async () => {
    const [first, second] = await cards.fail(2);
    await hold();
    cards.kioskMakes('PRODUCED');
    const { world } = cards;
    world.answers.push(true, true, nameOf(second as FailedCard), false, true, true, true, true);
    const { released, retry } = await recovery();
    expect(world.asked.map((question) => question.split(/[?:]/)[0])).toEqual([
      'Is all of this done at kiosk WIS00001',
      'Is a rejected card in the rejection hopper of WIS00001',
      'Which card is it',
      'Is another rejected card in the rejection hopper of WIS00001',
      'Has it been destroyed',
      expect.stringContaining('Kiosk WIS00001 is on hold since'),
      'Is someone at WIS00001 to collect the cards',
      'Produce these 2 cards (one first) now',
    ]);
    expect(world.said.join('\n')).toContain('2 cards failed with PRD_HOPPER_DOOR: The hopper door is open.');
    expect(released).toMatchObject({ reason: 'door is open' });
    expect(await destroyed()).toEqual([second?.cardToken]);
    expect(outcomesOf(retry)).toEqual(['done', 'done']);
    expect(await cards.sentSince(2)).toEqual([first?.cardToken, second?.cardToken]);
    expect(await world.journal.listHolds()).toEqual([]);
  });

  test.each<[string, (boolean | string)[], string]>([
    ['it is not done', [false], 'not-confirmed'],
    ['the spoiled card is not destroyed', [true, true, 'unknown card', false], 'not-confirmed'],
    ['the hold stays', [true, false, false], 'kiosk-held'],
    ['nobody takes the cards', [true, false, true, false], 'not-confirmed'],
    ['the plan is not approved', [true, true, 'unknown card', true, true, true, false], 'not-confirmed'],
  ])('a recovery stores and sends nothing if %s', async (_, answers, code) => {
    await cards.fail(1);
    await hold();
    cards.world.answers.push(...answers);
    await expect(recovery()).rejects.toMatchObject({ code, exitCode: 9 });
    expect(cards.world.answers).toEqual([]);
    expect(await destroyed()).toEqual([]);
    expect(await cards.world.journal.listHolds()).toHaveLength(1);
    expect(await cards.world.journal.listActions({ actions: ['release'] })).toEqual([]);
    expect(await sent(1)).toBe(0);
  });

  test('a recovery asks about a failure that no event has reported yet', async () => {
    const target = await cards.world.readyCard();
    await cards.send(target);
    await cards.simulateElsewhere(target, 'PRD_HOPPER_DOOR');
    cards.world.answers.push(false);
    await expect(recovery()).rejects.toMatchObject({ code: 'not-confirmed' });
    expect(cards.world.said.join('\n')).toContain('1 card failed with PRD_HOPPER_DOOR');
  });

  test('a recovery locks the kiosk from the first question on', async () => {
    await cards.fail(1);
    const other = cards.other();
    const refused: string[] = [];
    const confirm = async (question: string) => {
      const [lease] = await other.takeLeases([`kiosk ${HERE}`], 'recover');
      refused.push(`${question.slice(0, 6)} ${lease?.action}`);
      return false;
    };
    const ask = { ...cards.world.context().ask, confirm };
    await expect(recovery({}, { ask })).rejects.toMatchObject({ code: 'not-confirmed' });
    expect(refused).toEqual(['Is all recover']);
    expect(await other.listLeases()).toEqual([]);
    await other.close();
  });

  test('a recovery ends the hold that it showed, and none that was set meanwhile', async () => {
    await cards.fail(1);
    await hold();
    const { journal, clock } = cards.world;
    const confirm = async (question: string) => {
      if (!question.includes('Produce this card')) return true;
      const [shown] = await journal.listHolds();
      if (shown) await journal.releaseKiosk(shown, clock.now());
      clock.time += 1_000;
      await hold();
      return true;
    };
    const ask = { ...cards.world.context().ask, confirm };
    const { released, retry } = await recovery({ rejected: [] }, { ask });
    expect(released).toBeNull();
    expect(retry.results).toMatchObject([{ outcome: 'refused', error: { code: 'kiosk-held' } }]);
    expect(await journal.listHolds()).toHaveLength(1);
    expect(await journal.listActions({ actions: ['release'] })).toEqual([]);
    expect(await sent(1)).toBe(0);
  });

  test.each<[string, Partial<RecoverOptions>, string]>([
    ['nothing', {}, '--yes'],
    ['what is done', {}, '--rejected'],
    ['what is spoiled', { rejected: ['unknown'] }, '--release'],
    ['that the hold ends', { rejected: ['unknown'], isReleased: true }, '--attended'],
  ])(
    'where nobody can be asked and a script says %s, is refused with the flag',
    async (what, flags, flag) => {
      await cards.fail(1);
      await hold();
      if (what !== 'nothing') cards.world.answers.push(true);
      await expect(recovery(flags)).rejects.toMatchObject({
        code: 'input-required',
        hint: expect.stringContaining(flag),
      });
      expect(await destroyed()).toEqual([]);
      expect(await sent(1)).toBe(0);
    },
  );

  test('a recovery is refused before any question while another process works at the kiosk', async () => {
    await cards.fail(1);
    const other = cards.other();
    await other.takeLeases([`kiosk ${HERE}`], 'retry');
    await expect(recovery()).rejects.toMatchObject({ code: 'leased', exitCode: 9 });
    expect(cards.world.asked).toEqual([]);
    await other.close();
  });

  test('a recovery sends nothing else after a canary that fails again', async () => {
    await cards.fail(3);
    cards.kioskMakes('PRODUCTION_ERROR');
    cards.world.answers.push(true, true);
    const { retry } = await recovery({ rejected: [], isAttended: true });
    expect(outcomesOf(retry)).toEqual(['failed', 'not-started', 'not-started']);
    expect(await sent(3)).toBe(1);
  });

  test('a recovery without failures asks nothing and sends nothing, but ends a hold', async () => {
    await cards.world.readyCard();
    await hold();
    const { retry, released } = await recovery({ isReleased: true });
    expect(retry.results).toEqual([]);
    expect(released).not.toBeNull();
    expect(cards.world.asked).toEqual([]);
  });

  test('a recovery does not ask for rejected cards if the kiosk never had one', async () => {
    const target = await cards.world.readyCard();
    cards.world.fault({ kind: 'produce', errorCode: 'PRINTER_OR_SATELLITE_NOT_READY', times: 1 });
    await cards.send(target);
    cards.kioskMakes('PRODUCED');
    cards.world.answers.push(true, true, true);
    expect(outcomesOf((await recovery()).retry)).toEqual(['done']);
    expect(cards.world.asked.join('\n')).not.toContain('in the rejection hopper');
  });

  test('a recovery leaves out cards that the runbook forbids to repeat', async () => {
    await cards.fail(1);
    const page = { kind: 'production', code: 'PRD_HOPPER_DOOR', retry: 'never' } as const;
    const pages = [{ ...page, owner: null, steps: [], link: null, contact: null }];
    const { retry } = await recovery(
      { rejected: [], isAttended: true },
      { runbook: async () => ({ pages }) },
    );
    expect(retry.results).toMatchObject([
      { kioskId: HERE, isCanary: false, exitCode: 6, error: { code: 'production-failed' } },
    ]);
    expect(await sent(1)).toBe(0);
  });

  test('a recovery refuses kiosks that neither the context nor the journal knows', async () => {
    const { world } = cards;
    const open = { ...OPEN, rejected: [], isReleased: true, isAttended: true };
    const options = { ...open, describe: planText };
    await expect(recover(world.context(), failedAt(parseKioskId('WIS0001')), options)).rejects.toMatchObject({
      exitCode: 2,
    });
  });
});

describe('the same command again', () => {
  const yes = { isAttended: true, isReleased: true };

  test('a repeated recovery records no rejected card twice', async () => {
    const [first] = await cards.fail(2);
    const cardToken = parseCardToken(first?.cardToken ?? '');
    const rejected = [{ profileId: null, cardToken, orderId: null }, 'unknown'] as const;
    cards.kioskMakes('PRODUCED', { times: 1 });
    cards.kioskMakes('PRODUCTION_ERROR', { times: 1 });
    cards.world.answers.push(true, true);
    const before = await recovery({ ...yes, rejected });
    expect(before.destroyed.map((card) => card?.cardToken ?? null)).toEqual([cardToken, null]);
    expect(outcomesOf(before.retry)).toEqual(['done', 'failed']);

    cards.kioskMakes('PRODUCED');
    cards.world.answers.push(true, true);
    const after = await recovery({ ...yes, rejected: [rejected[0]] });
    expect(after.destroyed).toEqual([]);
    expect(outcomesOf(after.retry)).toEqual(['done']);
    expect(await destroyed()).toEqual([cardToken, null]);
  });

  test('a repeated recovery does not ask about a rejected card that was recorded', async () => {
    const [first, second] = (await cards.fail(2)) as [FailedCard, FailedCard];
    cards.kioskMakes('PRODUCTION_ERROR', { times: 1 });
    const { answers, asked } = cards.world;
    answers.push(true, true, nameOf(second), false, true, true);
    expect(outcomesOf((await recovery(yes)).retry)).toEqual(['failed', 'not-started']);

    asked.splice(0);
    cards.kioskMakes('PRODUCED');
    answers.push(true, true, nameOf(first), true, true);
    expect((await recovery(yes)).destroyed).toMatchObject([{ cardToken: first.cardToken }]);
    expect(asked.join('\n')).not.toContain('another rejected card');
    expect(await destroyed()).toEqual([second.cardToken, first.cardToken]);
  });

  test('a repeated recovery records the next rejected card of a card that failed again', async () => {
    const [first] = await cards.fail(1);
    const cardToken = parseCardToken(first?.cardToken ?? '');
    const rejected = [{ profileId: 1001, cardToken, orderId: null }];
    cards.kioskMakes('PRODUCTION_ERROR', { times: 1 });
    cards.world.answers.push(true, true, true, true);
    await recovery({ ...yes, rejected });
    cards.world.clock.time += 1_000;
    cards.kioskMakes('PRODUCED');
    await recovery({ ...yes, rejected });
    expect(await destroyed()).toEqual([cardToken, cardToken]);
  });

  test('a recovery refuses a rejected card that was never in the kiosk, before anything is stored', async () => {
    await cards.fail(1);
    cards.world.answers.push(true);
    const rejected = ['unknown', { profileId: null, cardToken: null, orderId: 9 }] as const;
    await expect(recovery({ ...yes, rejected })).rejects.toMatchObject({ code: 'usage' });
    expect(await destroyed()).toEqual([]);
  });
});
