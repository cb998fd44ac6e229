import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/domain/attempt.ts';
import { ageInDays, type StageFacts, stageOf } from '../../src/domain/stage.ts';
import { attempt, BEFORE, DAY, production } from '../harness/records.ts';

const STAGES = [
  'placed',
  'requirements-fulfilled',
  'details-created',
  'ready',
  'in-progress',
  'produced',
  'failed',
  'completed',
  'cancelled',
  'returned',
  'expired',
  'unknown',
];

const OLD = 61 * DAY;

function stage(facts: Partial<StageFacts>): string {
  return stageOf({
    orderStatus: 'CARD_DETAILS_CREATED',
    production: null,
    attempt: null,
    age: DAY,
    ...facts,
  });
}

const READY = production('READY');
const IN_PROGRESS = production('IN_PROGRESS');
const PRODUCED = production('PRODUCED');
const FAILED = production('PRODUCTION_ERROR', { errorCode: 'PRD_HOPPER_DOOR' });
const REFUSED = production('REQUEST_ERROR', { errorCode: 'KIOSK_ID_NOT_FOUND' });

const CASES: [name: string, facts: Partial<StageFacts>, stage: string][] = [
  ['a fresh order', { orderStatus: 'PLACED', age: null }, 'placed'],
  ['an order that has all it needs', { orderStatus: 'REQUIREMENTS_FULFILLED' }, 'requirements-fulfilled'],
  ['a card with details', { orderStatus: 'CARD_DETAILS_CREATED' }, 'details-created'],
  ['a ready card', { production: READY }, 'ready'],
  ['a ready card whose order is not known', { orderStatus: null, production: READY }, 'ready'],
  ['a card in a kiosk', { production: IN_PROGRESS }, 'in-progress'],
  ['a collected card', { production: PRODUCED }, 'produced'],
  ['a failed production', { production: FAILED }, 'failed'],
  [
    'a produced order, whatever the production still shows',
    { orderStatus: 'PRODUCED', production: READY },
    'produced',
  ],
  ['a completed order', { orderStatus: 'COMPLETED', production: PRODUCED }, 'completed'],
  ['a cancelled order', { orderStatus: 'CANCELLED', production: READY }, 'cancelled'],
  [
    'a cancelled order whose production failed',
    { orderStatus: 'CANCELLED', production: FAILED },
    'cancelled',
  ],
  ['a returned card', { orderStatus: 'RETURNED', production: PRODUCED }, 'returned'],

  ['an old ready card', { production: READY, age: OLD }, 'expired'],
  ['an old failed card', { production: FAILED, age: OLD }, 'expired'],
  ['an old order that waits', { orderStatus: 'PLACED', age: OLD }, 'expired'],
  ['a card of exactly 60 days', { production: READY, age: 60 * DAY }, 'ready'],
  ['a card of a little over 60 days', { production: READY, age: 60 * DAY + 1 }, 'expired'],
  ['an old produced card', { production: PRODUCED, age: OLD }, 'produced'],
  ['an old produced order', { orderStatus: 'PRODUCED', age: OLD }, 'produced'],
  ['an old completed order', { orderStatus: 'COMPLETED', age: OLD }, 'completed'],
  ['an old card in a kiosk', { production: IN_PROGRESS, age: OLD }, 'in-progress'],
  ['an old cancelled order', { orderStatus: 'CANCELLED', age: OLD }, 'cancelled'],

  [
    'a cancelled order whose card is in a kiosk',
    { orderStatus: 'CANCELLED', production: IN_PROGRESS },
    'in-progress',
  ],
  [
    'a cancelled order whose accepted attempt does not show yet',
    { orderStatus: 'CANCELLED', production: READY, attempt: attempt('accepted') },
    'in-progress',
  ],
  [
    'an accepted attempt that does not show yet',
    { production: READY, attempt: attempt('accepted') },
    'in-progress',
  ],
  ['a queued attempt', { production: READY, attempt: attempt('queued') }, 'in-progress'],
  [
    'a queued attempt after a failure',
    { production: FAILED, attempt: attempt('queued', { number: 2, baseline: FAILED }) },
    'in-progress',
  ],
  ['an attempt without an answer', { production: READY, attempt: attempt('unknown') }, 'unknown'],
  ['an attempt that its process left behind', { production: READY, attempt: attempt('sent') }, 'unknown'],
  [
    'an attempt without an answer, in a kiosk',
    { production: IN_PROGRESS, attempt: attempt('unknown') },
    'in-progress',
  ],
  ['an attempt that was not seen', { production: READY, attempt: attempt('not-seen') }, 'ready'],
  ['an attempt that was given up', { production: READY, attempt: attempt('abandoned') }, 'ready'],

  ['a refused first attempt', { production: READY, attempt: attempt('refused') }, 'ready'],
  [
    'a refused first attempt that the vendor shows',
    { production: REFUSED, attempt: attempt('refused', { production: REFUSED }) },
    'ready',
  ],
  [
    'a refused retry of a failed card that the vendor shows',
    {
      production: REFUSED,
      attempt: attempt('refused', { number: 2, baseline: FAILED, production: REFUSED }),
    },
    'failed',
  ],
  ['a refusal that the journal knows nothing of', { production: REFUSED }, 'ready'],
  [
    'a failed card that another system could not retry',
    {
      production: REFUSED,
      attempt: attempt('failed', { production: production('PRODUCTION_ERROR', { occurredAt: BEFORE }) }),
    },
    'failed',
  ],

  ['an order status that nobody documented', { orderStatus: 'TELEPORTED' }, 'unknown'],
  ['a production that nobody documented', { production: production('MELTED') }, 'unknown'],
  [
    'a ready card of an order status that nobody documented',
    { orderStatus: 'TELEPORTED', production: READY },
    'ready',
  ],
  ['an order status that every object has', { orderStatus: 'constructor' }, 'unknown'],
  ['a production that every object has', { production: production('__proto__') }, 'unknown'],
  ['nothing', { orderStatus: null, age: null }, 'unknown'],
];

describe('the stage', () => {
  test.each(CASES)('the stage of %s is correct', (_, facts, expected) => {
    expect(stage(facts)).toBe(expected);
  });

  test('the stage is always a documented one, whatever the vendor reports', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'PLACED',
        'CANCELLED',
        'PRODUCED',
        'READY',
        'constructor',
        'toString',
        '__proto__',
        'ready',
      ),
      fc.string(),
    );
    const outcome = fc.constantFrom<Outcome>('sent', 'unknown', 'accepted', 'refused', 'failed', 'produced');
    fc.assert(
      fc.property(
        fc.option(word),
        fc.option(word),
        fc.option(outcome),
        fc.option(fc.integer({ min: -DAY, max: 100 * DAY })),
        (orderStatus, status, last, age) => {
          const found = stageOf({
            orderStatus,
            production: status === null ? null : production(status),
            attempt: last === null ? null : attempt(last),
            age,
          });
          expect(STAGES).toContain(found);
        },
      ),
    );
  });

  test('a produced or completed card never expires', () => {
    const done = fc.constantFrom<Partial<StageFacts>>(
      { orderStatus: 'COMPLETED' },
      { orderStatus: 'PRODUCED' },
      { production: PRODUCED },
      { production: PRODUCED, attempt: attempt('produced') },
    );
    fc.assert(
      fc.property(done, fc.nat(10_000), (facts, days) => {
        expect(stage({ ...facts, age: days * DAY })).toBe(stage(facts));
      }),
    );
  });
});

test.each([
  [null, { ageDays: null, daysLeft: null }],
  [0, { ageDays: 0, daysLeft: 60 }],
  [DAY - 1, { ageDays: 0, daysLeft: 60 }],
  [DAY, { ageDays: 1, daysLeft: 59 }],
  [60 * DAY, { ageDays: 60, daysLeft: 0 }],
  [400 * DAY, { ageDays: 400, daysLeft: 0 }],
  // The vendor's clock and the one that stamped the card may differ a little.
  [-5_000, { ageDays: 0, daysLeft: 60 }],
])('an age of %s milliseconds in days', (age, days) => {
  expect(ageInDays(age)).toEqual(days);
});
