import { describe, expect, test } from 'vitest';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import {
  getCard,
  getProduction,
  listCards,
  openProduce,
  simulateProduction,
  simulateVerification,
} from '../../src/wise/cards.ts';
import { type Answer, cut, json, raw, reset, Vendor } from '../harness/server.ts';

const TOKEN = parseCardToken('ca0c8154-1e14-4464-a1ce-dcea7dc3de52');
const NAME = { profileId: 1001, cardToken: TOKEN };
const CARD = `/v3/spend/profiles/1001/cards/${TOKEN}`;
const CORRELATION = parseCardToken('b1f6a2a4-0000-4000-8000-000000000001');
const ONCE = { retry: false };

const IN_PROGRESS = {
  status: 'IN_PROGRESS',
  kioskId: parseKioskId('WIS00001'),
  occurredAt: '2026-03-01T12:24:56.121Z',
  errorCode: null,
  description: 'Card in production',
};

describe.concurrent('the production of a card', () => {
  test.for<[string, Answer, unknown]>([
    ['whole', json(200, IN_PROGRESS), IN_PROGRESS],
    [
      'as the vendor shows a ready card',
      json(200, {
        status: 'READY',
        kioskId: null,
        occurredAt: '2026-03-01T12:24:56.124Z',
        errorCode: null,
        description: 'x',
      }),
      {
        status: 'READY',
        kioskId: null,
        occurredAt: '2026-03-01T12:24:56.124Z',
        errorCode: null,
        description: 'x',
      },
    ],
    [
      'without what it may leave out',
      json(200, {
        status: 'IN_PROGRESS',
        kioskId: parseKioskId('WIS00001'),
        occurredAt: IN_PROGRESS.occurredAt,
      }),
      { ...IN_PROGRESS, description: null },
    ],
    [
      'with a status that nobody documented, and more than is known',
      json(200, { ...IN_PROGRESS, status: 'MELTED', printer: { ink: 'low' } }),
      { ...IN_PROGRESS, status: 'MELTED' },
    ],
    [
      'with fields of other types than documented',
      json(200, {
        status: 'IN_PROGRESS',
        kioskId: 7,
        occurredAt: 1_772_368_000,
        errorCode: {},
        description: [],
      }),
      { status: 'IN_PROGRESS', kioskId: null, occurredAt: null, errorCode: null, description: null },
    ],
    // Wise does not document its answers before READY.
    ['nothing yet: 404', json(404, { error: 'Not Found' }), null],
    ['nothing yet: 422', json(422, {}), null],
    ['nothing yet: no status', json(200, {}), null],
    ['nothing yet: a status of null', json(200, { status: null, kioskId: null, occurredAt: null }), null],
    ['nothing yet: an empty answer', raw(200, ''), null],
    ['nothing yet: no content', raw(204, ''), null],
  ])('the production of a card is read from its answer: %s', async ([, answer, production], { expect }) => {
    const vendor = await Vendor.open(answer);
    expect(await getProduction(vendor.client(), NAME, ONCE)).toEqual(production);
    expect(vendor.asked).toMatchObject([{ method: 'GET', path: `${CARD}/production` }]);
  });

  test.for<[string, Answer, string]>([
    ['401', json(401, {}), 'credentials-refused'],
    ['400', json(400, {}), 'rejected'],
    ['429', json(429, {}), 'rate-limited'],
    ['500', json(500, {}), 'api-failing'],
    ['HTML', raw(200, '<html>'), 'answer-unreadable'],
    ['half of it', cut, 'unreachable'],
  ])('that cannot be decoded does not count as missing: %s', async ([, answer, code], { expect }) => {
    const vendor = await Vendor.open(answer);
    await expect(getProduction(vendor.client(), NAME, ONCE)).rejects.toMatchObject({ code });
  });
});

describe.concurrent('producing a card', () => {
  test.for<[string, Answer, Record<string, unknown>]>([
    ['accepted', json(200, IN_PROGRESS), { kind: 'answered', httpStatus: 200, production: IN_PROGRESS }],
    [
      'refused',
      json(422, { ...IN_PROGRESS, status: 'REQUEST_ERROR', errorCode: 'PIN_LENGTH_ERROR' }),
      {
        httpStatus: 422,
        production: { ...IN_PROGRESS, status: 'REQUEST_ERROR', errorCode: 'PIN_LENGTH_ERROR' },
      },
    ],
    [
      'refused in another shape',
      json(422, { errors: [{ code: 'x', message: 'y' }] }),
      { httpStatus: 422, production: null },
    ],
    ['an empty success', raw(200, ''), { httpStatus: 200, production: null }],
    ['a gateway', raw(502, '<html>'), { httpStatus: 502, production: null }],
    ['a lost answer', reset, { kind: 'lost', production: null }],
    ['half an answer', cut, { kind: 'lost', production: null }],
  ])('sends one request and returns its outcome: %s', async ([, answer, sent], { expect }) => {
    const vendor = await Vendor.open(answer);
    const request = await openProduce(vendor.client(), NAME, { correlationId: CORRELATION });
    const produced = await request.go({ kioskId: 'WIS00001' });
    expect(produced).toMatchObject({ ...sent, correlationId: CORRELATION });
    expect(vendor.asked).toMatchObject([
      {
        method: 'PUT',
        path: `${CARD}/production`,
        body: '{"kioskId":"WIS00001"}',
        headers: { 'x-external-correlation-id': CORRELATION },
      },
    ]);
  });
});

describe.concurrent('a simulation', () => {
  test.for<[string, Answer]>([
    ['done', json(200, IN_PROGRESS)],
    ['failing', json(503, {}, { 'retry-after': '0' })],
    ['lost', reset],
  ])('is sent once: %s', async ([, answer], { expect }) => {
    const vendor = await Vendor.open(answer);
    const simulation = { status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' } as const;
    await simulateProduction(vendor.client(), { ...NAME, simulation });
    await simulateVerification(vendor.client(), 1002);
    expect(vendor.asked).toMatchObject([
      {
        method: 'POST',
        path: `/v1/simulation/spend/profiles/1001/cards/${TOKEN}/production`,
        body: '{"status":"PRODUCTION_ERROR","errorCode":"PRD_HOPPER_DOOR"}',
      },
      { method: 'POST', path: '/v1/simulation/profiles/1002/verifications' },
    ]);
  });
});

describe.concurrent('cards', () => {
  const card = {
    token: TOKEN,
    profileId: 1001,
    status: { value: 'ACTIVE', validValues: [] },
    cardHolderName: 'Ada Example',
    expiryDate: '2030-01-01',
    lastFourDigits: '4711',
    cardProgram: { name: 'P', scheme: 'VISA', defaultCurrency: 'GBP', cardType: 'PHYSICAL' },
    phoneNumber: '+441234567890',
    creationTime: '2026-03-01T10:00:00.120Z',
  };

  test('cards are read without digits, expiry and cardholder', async () => {
    const vendor = await Vendor.open(json(200, card));
    const read = await getCard(vendor.client(), NAME);
    expect(read).toMatchObject({
      token: TOKEN,
      profileId: 1001,
      status: { value: 'ACTIVE' },
      creationTime: card.creationTime,
    });
    expect(JSON.stringify(read)).not.toMatch(/4711|2030|Ada|\+44/);
    expect(vendor.asked).toMatchObject([{ method: 'GET', path: CARD }]);
  });

  test('cards are read in pages of a hundred', async () => {
    const vendor = await Vendor.open(json(200, { totalCount: 1, cards: [card] }));
    const page = await listCards(vendor.client({ apiVersion: '2026Q4' }), { profileId: 1001, page: 3 });
    expect(page).toMatchObject({ totalCount: 1, cards: [{ token: TOKEN }] });
    expect(vendor.asked).toMatchObject([
      { method: 'GET', path: '/2026Q4/spend/profiles/1001/cards?pageSize=100&pageNumber=3' },
    ]);
  });

  test.for<[string, unknown]>([
    ['with almost nothing', { token: TOKEN }],
    [
      'with another shape of status',
      { token: TOKEN, status: 'ACTIVE', profileId: '1001', cardProgram: 'P', creationTime: 1 },
    ],
  ])('are read %s', async ([, body], { expect }) => {
    const vendor = await Vendor.open(json(200, body));
    expect(await getCard(vendor.client(), NAME)).toMatchObject({ token: TOKEN, creationTime: null });
  });
});
