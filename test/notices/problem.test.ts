import { expect, test } from 'vitest';
import type { CardFacts } from '../../src/domain/card.ts';
import { type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import type { JournalCard } from '../../src/domain/selection.ts';
import { findProblems, type ProblemFacts, problemKey, STUCK_MS } from '../../src/notices/problem.ts';
import { plan } from '../harness/plans.ts';
import { attempt, card, DAY, production, SENT_AT } from '../harness/records.ts';

const KIOSK = parseKioskId('WIS00001');
const NOW = SENT_AT + 5 * DAY;
const MINUTE = 60_000;

function one(facts: Partial<CardFacts>, more: Partial<JournalCard> = {}): JournalCard {
  return { card: card(facts), attempt: facts.attempt ?? null, changedAt: NOW, createdAt: null, ...more };
}

function failed(errorCode: string | null, changedAt = NOW, kioskId: KioskId | null = KIOSK): JournalCard {
  return one({ production: production('PRODUCTION_ERROR', { errorCode, kioskId }) }, { changedAt });
}

/** What was found, by key: the number, and the first and latest time as minutes before now. */
async function problems(facts: Partial<ProblemFacts>): Promise<Record<string, number[]>> {
  const nothing = { cards: [], holds: [], gaps: [], stopped: [], plans: [] };
  const limits = { now: NOW, stuckAfter: STUCK_MS, unknownAfter: 6 * MINUTE };
  const found = await findProblems({ ...nothing, ...limits, ...facts });
  return Object.fromEntries(
    found.map(({ subject, count, since, latest }) => [
      problemKey(subject),
      count === 0 ? [0] : [count, (NOW - since) / MINUTE, (NOW - latest) / MINUTE],
    ]),
  );
}

const refusal = production('REQUEST_ERROR', { errorCode: 'KIOSK_ID_NOT_FOUND' });

test.each<[string, JournalCard[], Record<string, number[]>]>([
  ['nothing', [], {}],
  ['a card that may be produced', [one({ production: production('READY') })], {}],
  [
    'failures with one code at one kiosk',
    [failed('PRT_PAUSED', NOW - MINUTE), failed('PRT_PAUSED', NOW - 3 * MINUTE), failed('PRT_PAUSED')],
    { 'failed WIS00001 production PRT_PAUSED': [3, 3, 0] },
  ],
  [
    'failures with two codes at two kiosks',
    [failed('PRT_PAUSED'), failed('PRT_RIBBON'), failed('PRT_PAUSED', NOW, parseKioskId('B2'))],
    {
      'failed WIS00001 production PRT_PAUSED': [1, 0, 0],
      'failed WIS00001 production PRT_RIBBON': [1, 0, 0],
      'failed B2 production PRT_PAUSED': [1, 0, 0],
    },
  ],
  ['a failure without a code', [failed(null)], { 'failed WIS00001 production UNKNOWN_ERROR': [1, 0, 0] }],
  [
    'a failure with a code of 1,000 characters',
    [failed('X'.repeat(1_000))],
    { [`failed WIS00001 production ${'X'.repeat(100)}`]: [1, 0, 0] },
  ],
  [
    'a refused request',
    [
      one({
        production: production('READY'),
        attempt: attempt('refused', { production: refusal, closedAt: NOW - MINUTE }),
      }),
    ],
    { 'failed WIS00001 request KIOSK_ID_NOT_FOUND': [1, 1, 1] },
  ],
  [
    'a failed card that is being retried',
    [
      one({
        production: production('IN_PROGRESS'),
        attempt: attempt('accepted', {
          baseline: production('PRODUCTION_ERROR', { errorCode: 'PRT_PAUSED' }),
          sentAt: NOW,
        }),
      }),
    ],
    { 'failed WIS00001 production PRT_PAUSED': [0] },
  ],
  [
    'a card in progress for exactly 30 minutes',
    [one({ production: production('IN_PROGRESS') }, { changedAt: NOW - 30 * MINUTE })],
    {},
  ],
  [
    'a card in progress for 31 minutes',
    [one({ production: production('IN_PROGRESS') }, { changedAt: NOW - 31 * MINUTE })],
    { 'stuck WIS00001': [1, 31, 31] },
  ],
  [
    'a queued request of this minute, for a card that was ready for days',
    [
      one(
        { production: production('READY'), attempt: attempt('queued', { sentAt: NOW - MINUTE }) },
        { changedAt: NOW - DAY },
      ),
    ],
    {},
  ],
  [
    'a request without an answer within the time in which it is settled',
    [one({ production: production('READY'), attempt: attempt('unknown', { sentAt: NOW - 6 * MINUTE }) })],
    {},
  ],
  [
    'a request without an answer after that time',
    [one({ production: production('READY'), attempt: attempt('unknown', { sentAt: NOW - 7 * MINUTE }) })],
    { 'unknown WIS00001': [1, 7, 7] },
  ],
  [
    'cards with 8, 7, 4, 3, 2 and 1 days left',
    [52, 53, 56, 57, 58, 59].map((days) =>
      one({ production: production('READY'), age: days * DAY }, { createdAt: NOW - days * DAY }),
    ),
    {
      'expiring 7': [2, (3 * DAY) / MINUTE, 0],
      'expiring 3': [2, DAY / MINUTE, 0],
      'expiring 1': [1, 0, 0],
    },
  ],
  ['a card that has expired', [one({ production: production('READY'), age: 61 * DAY })], {}],
  [
    'a card that was produced on its last day',
    [one({ production: production('PRODUCED'), age: 59 * DAY })],
    {},
  ],
])('the problems of the journal with %s are found', async (_, cards, found) => {
  expect(await problems({ cards })).toEqual(found);
});

test('holds, the latest gap and stopped listeners are problems', async () => {
  const gaps = [
    { from: NOW - 90 * MINUTE, to: NOW - 80 * MINUTE },
    { from: NOW - 20 * MINUTE, to: NOW - 10 * MINUTE },
  ];
  const stopped = ['one', 'two'].map((host) => ({ host, at: NOW - 10 * MINUTE }));
  expect(await problems({ holds: [{ kioskId: KIOSK, heldAt: NOW - DAY }], gaps, stopped })).toEqual({
    'hold WIS00001': [1, DAY / MINUTE, DAY / MINUTE],
    'listener gap': [2, 20, 10],
    'listener stopped': [2, 10, 10],
  });
});

test('each pause and the end of a plan are problems of their own', async () => {
  const approval = { ...plan().approval, number: 2 };
  const plans = [
    plan({ id: 'a', state: 'paused', startedAt: NOW - MINUTE }),
    plan({ id: 'a', state: 'paused', startedAt: NOW - MINUTE, approval }),
    plan({ id: 'a', state: 'done', startedAt: NOW - MINUTE, approval }),
    plan({ id: 'b', state: 'done', startedAt: NOW, kioskIds: [KIOSK, parseKioskId('WIS00002')] }),
  ];
  expect(await problems({ plans })).toEqual({
    'plan WIS00001 a paused 1': [1, 1, 1],
    'plan WIS00001 a paused 2': [1, 1, 1],
    'plan WIS00001 a done 2': [1, 1, 1],
    'plan b done 1': [1, 0, 0],
  });
});
