import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import { gatherIncident, type IncidentQuery } from '../../src/support/gather-incident.ts';
import type { Incident, IncidentSetup } from '../../src/support/incident.ts';
import { importLines, loggedLine, OneCard } from '../harness/cards.ts';
import { productionBody } from '../harness/events.ts';

const SETUP: IncidentSetup = {
  kioskctl: '1.2.3',
  node: 'v24.0.0',
  apiVersion: 'legacy',
  journalSchema: 4,
  context: 'local',
  environment: 'local',
  apiHost: null,
  timeoutMs: null,
  intervalMs: 1,
  settleWindowMs: 1,
};

let one: OneCard;
let start: number;

/** A card that failed on WIS00001, of which the vendor told. */
beforeEach(async () => {
  one = await OneCard.open();
  start = one.world.clock.now();
  await one.fail();
  const { profileId, cardToken } = one.target;
  const resource = { type: 'card', profile_id: profileId, card_token: cardToken };
  const body = productionBody('PRODUCTION_ERROR', { resource, error_code: 'PRD_HOPPER_DOOR' });
  await importLines(one.world, [loggedLine(body, { deliveryId: 'd-1' })]);
});
afterEach(async () => one.world.close());

async function tell(subject: IncidentQuery['subject'], more: Partial<IncidentQuery> = {}): Promise<Incident> {
  const privacy = { hasNames: false, hasReasons: true, secrets: [] };
  const query = { subject, since: null, until: null, ...more };
  return gatherIncident(one.world.context(), query, { setup: SETUP, privacy });
}

const told = ({ timeline }: Incident) => timeline.map(({ type, what }) => `${type} ${what}`);

const PRODUCTION = [
  'act produce: done',
  'attempt attempt 1 sent',
  'act simulate: done',
  'attempt attempt 1 failed',
  'event production PRODUCTION_ERROR',
];

describe('the incident of a card', () => {
  test('the incident of a card has all data since its order, by its token and by its order id', async () => {
    const { cardToken, orderId } = one.target;
    const byToken = await tell({ cards: [{ profileId: null, cardToken, orderId: null }] });
    expect(told(byToken).toSorted()).toEqual(['act order: done', ...PRODUCTION].toSorted());
    expect(told(byToken)[0]).toBe('act order: done');
    const byOrder = await tell({ cards: [{ profileId: null, cardToken: null, orderId }] });
    expect(byOrder.timeline).toEqual(byToken.timeline);
    expect(byToken.cards).toMatchObject([
      { profileId: 1001, orderId, cardToken, production: { status: 'PRODUCTION_ERROR' } },
    ]);
    expect(byToken.timeline.find(({ type }) => type === 'event')).toMatchObject({
      deliveryId: 'd-1',
      signed: true,
      errorCode: 'PRD_HOPPER_DOOR',
    });
  });

  test('the incident of a card in a time range has the data of that time', async () => {
    const cards = [{ ...one.target, orderId: null }];
    const end = one.world.clock.now();
    one.world.clock.time += 3_600_000;
    const attempts = async (since: number, until: number) => told(await tell({ cards }, { since, until }));
    expect((await attempts(start, end + 1)).toSorted()).toEqual(PRODUCTION.toSorted());
    await expect(attempts(end + 1, end + 2)).rejects.toMatchObject({ code: 'not-found', exitCode: 10 });
  });

  test('the incident of an unknown card is not found, with a hint', async () => {
    const cards = [{ profileId: 1001, cardToken: null, orderId: 999 }];
    await expect(tell({ cards })).rejects.toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('kioskctl status 1001/999 --history'),
    });
    await expect(tell({ cards }, { since: start })).rejects.toMatchObject({
      hint: expect.stringContaining('kioskctl incident 1001/999'),
    });
  });

  test('an incident warns about a card without data', async () => {
    const cards = [one.target, { profileId: 1001, cardToken: null, orderId: 999 }];
    expect(told(await tell({ cards }))).toHaveLength(6);
    expect(one.world.said.join()).toContain('no records of 1001/999');
  });

  test('an incident has no bodies of events', async () => {
    const { profileId, cardToken } = one.target;
    const owner = {
      cardHolderName: 'Canary Example',
      pan: '4111111111111111',
      address: { firstLine: 'Canary 1' },
    };
    const body = productionBody('PRODUCED', {
      resource: {
        type: 'card',
        profile_id: profileId,
        card_token: cardToken,
        client_id: 'canary-bank',
        ...owner,
      },
      description: 'Canary Example was here',
      ...owner,
    });
    await importLines(one.world, [loggedLine(body, { deliveryId: 'canary@bank.example' })]);
    const incident = await tell({ cards: [one.target] });
    expect(told(incident)).toContain('event production PRODUCED');
    expect(JSON.stringify(incident)).not.toMatch(/canary|4111/i);
  });

  test('an incident has no test notifications', async () => {
    const { profileId, cardToken } = one.target;
    const resource = { type: 'card', profile_id: profileId, card_token: cardToken };
    await importLines(one.world, [loggedLine(productionBody('PRODUCED', { resource }), { test: true })]);
    expect(told(await tell({ cards: [one.target] }))).not.toContain('event production PRODUCED');
  });
});

function around(): { since: number; until: number } {
  return { since: start, until: one.world.clock.now() + 1 };
}

describe('the incident of a kiosk', () => {
  test('the incident of a kiosk has its cards in the time range and the actions on the kiosk', async () => {
    const { journal, clock } = one.world;
    const hold = { action: 'hold', context: 'local', profileId: 0, orderId: null, cardToken: null } as const;
    for (const kioskId of ['WIS00001', 'WIS00002'].map(parseKioskId))
      await journal.startAction({ ...hold, kioskId, reason: 'door', at: clock.now() });
    const incident = await tell({ kioskId: parseKioskId('WIS00001') }, around());
    expect(told(incident).toSorted()).toEqual([...PRODUCTION, 'act hold: running'].toSorted());
    expect(incident).toMatchObject({
      kioskId: parseKioskId('WIS00001'),
      cards: [{ cardToken: one.target.cardToken }],
    });
    expect(told(await tell({ kioskId: parseKioskId('WIS00002') }, around()))).toEqual(['act hold: running']);
  });

  test('the incident of a kiosk has the coverage of the time range', async () => {
    const { journal } = one.world;
    one.world.clock.time += 60_000;
    const listening = await journal.startListener('http://127.0.0.1/', start);
    await journal.endListener(listening, start + 5);
    const { coverage } = await tell({ kioskId: parseKioskId('WIS00001') }, { since: start - 5, until: null });
    expect(coverage.listened).toEqual([
      { from: new Date(start).toISOString(), to: new Date(start + 5).toISOString() },
    ]);
    expect(coverage.gaps[0]?.from).toBe(new Date(start - 5).toISOString());
  });

  test('the incident of a kiosk without data is not found, with a hint', async () => {
    const since = one.world.clock.now() - 86_400_000;
    await expect(tell({ kioskId: parseKioskId('WIS00009') }, { since })).rejects.toMatchObject({
      code: 'not-found',
      exitCode: 10,
      hint: expect.stringContaining('kioskctl incident --kiosk WIS00009 --since 7d'),
    });
    await expect(
      tell({ kioskId: parseKioskId('WIS00009') }, { since: since - 8 * 86_400_000 }),
    ).rejects.toMatchObject({
      hint: expect.stringContaining('--since 60d'),
    });
  });
});
