import { describe, expect, test } from 'vitest';
import type { CardFacts } from '../../src/domain/card.ts';
import type { Failure } from '../../src/domain/errors/failure.ts';
import { guardProduce, guardRetry, type Seen } from '../../src/domain/guards.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { attempt, card, DAY, production, TOKEN } from '../harness/records.ts';

const NAME = `1001/${TOKEN}`;
const KIOSK = parseKioskId('WIS00001');
const REQUEST = { kioskId: KIOSK };
const approved = (attemptId: string | null) => ({ request: REQUEST, attemptId });
const FAILED = production('PRODUCTION_ERROR', { errorCode: 'PRD_HOPPER_DOOR' });
const IN_PROGRESS = production('IN_PROGRESS');
const PRODUCED = production('PRODUCED');
const READY = production('READY');

function seen(facts: Partial<CardFacts>, more: Partial<Seen> = {}): Seen {
  return {
    card: card(facts, KIOSK),
    deliveryOption: 'KIOSK_COLLECTION',
    attempt: facts.attempt ?? null,
    ...more,
  };
}

function refusalOf(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    return error as Failure;
  }
  throw new Error('it was not refused');
}

type Refused = [name: string, seen: Seen, code: string, exitCode: number, hint: string];

/** What neither guard lets pass. */
const ENDED: Refused[] = [
  [
    'cancelled',
    seen({ orderStatus: 'CANCELLED', production: READY }),
    'order-cancelled',
    6,
    `order --like ${NAME}`,
  ],
  [
    'returned',
    seen({ orderStatus: 'RETURNED', production: PRODUCED }),
    'order-returned',
    6,
    `order --like ${NAME}`,
  ],
  ['expired', seen({ production: READY, age: 61 * DAY }), 'card-expired', 6, `cancel ${NAME}`],
  [
    'delivered by post',
    seen({ production: READY }, { deliveryOption: 'POSTAL_SERVICE_STANDARD' }),
    'not-a-kiosk-order',
    9,
    'kioskctl order',
  ],
  [
    'in progress on another kiosk',
    seen({ production: production('IN_PROGRESS', { kioskId: parseKioskId('WIS00002') }) }),
    'attempt-open',
    9,
    `wait-produced ${NAME}`,
  ],
  [
    'in progress on a kiosk that nobody names',
    seen({ production: production('IN_PROGRESS', { kioskId: null }) }),
    'attempt-open',
    9,
    `wait-produced ${NAME}`,
  ],
  [
    'accepted by another kiosk and not shown yet',
    seen({ production: READY, attempt: attempt('accepted', { kioskId: parseKioskId('WIS00002') }) }),
    'attempt-open',
    9,
    `wait-produced ${NAME}`,
  ],
];

describe('may a card be produced?', () => {
  test.each<[string, Seen]>([
    ['ready', seen({ production: READY })],
    ['ready, of a delivery that nobody names', seen({ production: READY }, { deliveryOption: null })],
    ['ready after a refusal', seen({ production: READY, attempt: attempt('refused') })],
    ['ready after a request that was not seen', seen({ production: READY, attempt: attempt('not-seen') })],
  ])('yes: %s', (_, look) => {
    const request = { kioskId: parseKioskId('WIS00002') };
    expect(guardProduce(look, request)).toEqual({ send: request });
  });

  test.each<[string, Seen]>([
    ['produced', seen({ production: PRODUCED })],
    ['completed', seen({ orderStatus: 'COMPLETED', production: PRODUCED })],
    ['produced long ago', seen({ production: PRODUCED, age: 90 * DAY })],
    ['in progress on that kiosk', seen({ production: IN_PROGRESS })],
    ['accepted by that kiosk and not shown yet', seen({ production: READY, attempt: attempt('accepted') })],
    ['queued in that kiosk', seen({ production: READY, attempt: attempt('queued') })],
  ])('it is as wanted: %s', (_, look) => {
    expect(guardProduce(look, REQUEST)).toBe('unchanged');
  });

  test.each<Refused>([
    ...ENDED,
    ['failed', seen({ production: FAILED }), 'wrong-stage', 9, `retry ${NAME}`],
    ['placed', seen({ orderStatus: 'PLACED' }), 'wrong-stage', 9, `wait-ready ${NAME}`],
    ['details created', seen({}), 'wrong-stage', 9, `wait-ready ${NAME}`],
    ['unknown', seen({ production: production('MELTED') }), 'wrong-stage', 9, `status ${NAME}`],
    [
      'without an answer',
      seen({ production: READY, attempt: attempt('unknown') }),
      'wrong-stage',
      9,
      `wait-produced ${NAME}`,
    ],
  ])('no: %s', (_, look, code, exitCode, hint) => {
    const refusal = refusalOf(() => guardProduce(look, REQUEST));
    expect(refusal).toMatchObject({ code, exitCode, hint: expect.stringContaining(hint) });
    expect(refusal.message).toContain(NAME);
  });

  test('a card with a refused request is sent again', () => {
    const refused = production('REQUEST_ERROR', { errorCode: 'KIOSK_ID_NOT_FOUND' });
    const look = seen({ production: READY, attempt: attempt('refused', { production: refused }) });
    expect(guardProduce(look, REQUEST)).toEqual({ send: REQUEST });
  });

  test('the refusal of a failed card has its error code', () => {
    const { details } = refusalOf(() => guardProduce(seen({ production: FAILED }), REQUEST));
    expect(details).toEqual({ errorCode: 'PRD_HOPPER_DOOR' });
  });

  test('the kiosk of a production in progress counts, not that of the last attempt', () => {
    const elsewhere = {
      production: production('IN_PROGRESS', { kioskId: parseKioskId('WIS00002') }),
      attempt: attempt('superseded'),
    };
    expect(refusalOf(() => guardProduce(seen(elsewhere), REQUEST)).code).toBe('attempt-open');
    expect(guardProduce(seen(elsewhere), { kioskId: parseKioskId('WIS00002') })).toBe('unchanged');
  });
});

describe('may a card be produced again?', () => {
  const failed = attempt('failed', { production: FAILED });
  const refused = attempt('refused');

  test.each<[string, Seen, string | null]>([
    ['failed', seen({ production: FAILED, attempt: failed }), failed.id],
    ['failed, by nobody that the journal knows', seen({ production: FAILED }), null],
    ['refused', seen({ production: READY, attempt: refused }), refused.id],
    ['given up', seen({ production: READY, attempt: attempt('abandoned') }), refused.id],
  ])('yes: %s', (_, look, attemptId) => {
    expect(guardRetry(look, approved(attemptId))).toEqual({ send: REQUEST });
  });

  test.each<[string, Seen]>([
    ['produced meanwhile', seen({ production: PRODUCED, attempt: attempt('produced') })],
    ['completed', seen({ orderStatus: 'COMPLETED' })],
    ['in progress on that kiosk', seen({ production: IN_PROGRESS, attempt: attempt('accepted') })],
  ])('it is as wanted: %s', (_, look) => {
    expect(guardRetry(look, approved(failed.id))).toBe('unchanged');
  });

  test.each<Refused>([
    ...ENDED,
    ['ready', seen({ production: READY }), 'nothing-to-retry', 9, `produce ${NAME} --kiosk ${KIOSK}`],
    ['placed', seen({ orderStatus: 'PLACED' }), 'nothing-to-retry', 9, `wait-ready ${NAME}`],
  ])('no: %s', (_, look, code, exitCode, hint) => {
    const refusal = refusalOf(() => guardRetry(look, approved(null)));
    expect(refusal).toMatchObject({ code, exitCode, hint: expect.stringContaining(hint) });
  });

  test.each<[string, Seen, string | null]>([
    ['somebody else retried, which failed', seen({ production: FAILED, attempt: failed }), 'another-attempt'],
    ['somebody else was refused', seen({ production: READY, attempt: refused }), 'another-attempt'],
    ['there was none when it was approved', seen({ production: FAILED, attempt: failed }), null],
    ['the one that was approved is gone', seen({ production: FAILED }), failed.id],
  ])('a retry is refused after another attempt: %s', (_, look, attemptId) => {
    const refusal = refusalOf(() => guardRetry(look, approved(attemptId)));
    expect(refusal).toMatchObject({ code: 'attempt-superseded', exitCode: 9 });
    expect(refusal.hint).toContain(`kioskctl status ${NAME}`);
  });
});
