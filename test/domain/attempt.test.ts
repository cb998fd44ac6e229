import { describe, expect, test } from 'vitest';
import {
  followUp,
  isOpen,
  isUnsettled,
  lagsBehind,
  type Outcome,
  observedOutcome,
  readProduction,
  settle,
} from '../../src/domain/attempt.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { Production } from '../../src/domain/production.ts';
import { AFTER, attempt, BEFORE, DURING, production, SENT_AT } from '../harness/records.ts';

const INSIDE = { isWindowOver: false };
const OUTSIDE = { isWindowOver: true };

const UNREADABLE = '2024-01-01T12:24:560Z';
/** What a first attempt left behind. */
const OLD_FAILURE = production('PRODUCTION_ERROR', { occurredAt: BEFORE, errorCode: 'PRD_HOPPER_DOOR' });

const first = attempt('sent');
const retried = attempt('sent', { number: 2, baseline: OLD_FAILURE });

test.each([
  ['claimed', true, false],
  ['sent', true, true],
  ['unknown', true, true],
  ['accepted', true, false],
  ['queued', true, false],
  ['refused', false, false],
  ['not-seen', false, false],
  ['superseded', false, false],
  ['abandoned', false, false],
  ['produced', false, false],
  ['failed', false, false],
] as [Outcome, boolean, boolean][])(
  'an attempt that is %s: open %s, unsettled %s',
  (outcome, open, unsettled) => {
    expect(isOpen(attempt(outcome))).toBe(open);
    expect(isUnsettled(attempt(outcome))).toBe(unsettled);
  },
);

test('a missing attempt is neither open nor unsettled', () => {
  expect(isOpen(null)).toBe(false);
  expect(isUnsettled(null)).toBe(false);
});

describe('reading the production after an attempt', () => {
  test.each<[string, typeof first, Production | null, string]>([
    ['nothing there', first, null, 'undecidable'],
    ['still ready', first, production('READY', { occurredAt: BEFORE }), 'unchanged'],
    ['ready, stamped anew', first, production('READY', { occurredAt: AFTER }), 'unchanged'],
    ['in progress on our kiosk', first, production('IN_PROGRESS'), 'accepted'],
    ['in progress, kiosk not named', first, production('IN_PROGRESS', { kioskId: null }), 'accepted'],
    [
      'in progress on another kiosk',
      first,
      production('IN_PROGRESS', { kioskId: parseKioskId('WIS00002') }),
      'superseded',
    ],
    ['produced on our kiosk', first, production('PRODUCED'), 'produced'],
    [
      'produced on another kiosk',
      first,
      production('PRODUCED', { kioskId: parseKioskId('WIS00002') }),
      'superseded',
    ],
    ['failed on our kiosk', first, production('PRODUCTION_ERROR'), 'failed'],
    [
      'failed on another kiosk',
      first,
      production('PRODUCTION_ERROR', { kioskId: parseKioskId('WIS00002') }),
      'superseded',
    ],
    ['refused', first, production('REQUEST_ERROR', { errorCode: 'KIOSK_ID_NOT_FOUND' }), 'refused'],
    ['a word that nobody documented', first, production('MELTED'), 'undecidable'],
    [
      'first attempt, unreadable time',
      first,
      production('IN_PROGRESS', { occurredAt: UNREADABLE }),
      'accepted',
    ],

    ['the old failure', retried, OLD_FAILURE, 'unchanged'],
    ['a newer failure', retried, production('PRODUCTION_ERROR'), 'failed'],
    [
      'an older failure than the one before',
      retried,
      production('PRODUCTION_ERROR', { occurredAt: '2026-02-01T10:00:00.000Z' }),
      'unchanged',
    ],
    [
      'in progress since before',
      retried,
      production('IN_PROGRESS', { occurredAt: '2026-02-01T10:00:00.000Z' }),
      'unchanged',
    ],
    ['newly in progress', retried, production('IN_PROGRESS'), 'accepted'],
    [
      'in progress, unreadable time',
      retried,
      production('IN_PROGRESS', { occurredAt: UNREADABLE }),
      'undecidable',
    ],
    ['in progress, no time', retried, production('IN_PROGRESS', { occurredAt: null }), 'undecidable'],
    [
      'produced, which is final, at an unreadable time',
      retried,
      production('PRODUCED', { occurredAt: UNREADABLE }),
      'produced',
    ],
    [
      'the refusal of an older request',
      retried,
      production('REQUEST_ERROR', { occurredAt: '2026-02-01T10:00:00.000Z' }),
      'unchanged',
    ],
  ])('a production that is read after an attempt is judged: %s', (_, sent, seen, reading) => {
    expect(readProduction(sent, seen)).toBe(reading);
  });

  test('an earlier failure with an invalid time decides nothing', () => {
    const blurred = attempt('sent', { baseline: { ...OLD_FAILURE, occurredAt: UNREADABLE } });
    expect(readProduction(blurred, production('IN_PROGRESS'))).toBe('undecidable');
    expect(readProduction(blurred, production('PRODUCTION_ERROR'))).toBe('undecidable');
  });

  test.each(['accepted', 'queued'] as const)('a refusal does not affect an attempt that is %s', (outcome) => {
    expect(readProduction(attempt(outcome), production('REQUEST_ERROR', { occurredAt: AFTER }))).toBe(
      'unchanged',
    );
  });
});

describe('settling a request without an answer', () => {
  test.each<[string, Production | null, Outcome, Outcome]>([
    ['unchanged', production('READY', { occurredAt: BEFORE }), 'unknown', 'not-seen'],
    ['in progress', production('IN_PROGRESS'), 'accepted', 'accepted'],
    ['produced', production('PRODUCED'), 'produced', 'produced'],
    ['failed', production('PRODUCTION_ERROR'), 'failed', 'failed'],
    [
      'elsewhere',
      production('IN_PROGRESS', { kioskId: parseKioskId('WIS00003') }),
      'superseded',
      'superseded',
    ],
    ['refused', production('REQUEST_ERROR', { errorCode: 'KIOSK_ID_NOT_FOUND' }), 'refused', 'refused'],
    // What can't be read never proves that nothing arrived, however long ago it was sent.
    ['unreadable', null, 'unknown', 'unknown'],
    ['an unknown word', production('MELTED'), 'unknown', 'unknown'],
  ])('%s: within the window, and when it has passed', (_, seen, inside, outside) => {
    for (const outcome of ['sent', 'unknown'] as const) {
      expect(settle(attempt(outcome), seen, INSIDE)).toBe(inside);
      expect(settle(attempt(outcome), seen, OUTSIDE)).toBe(outside);
    }
  });

  test('an earlier failure proves nothing before the settle window has passed', () => {
    expect(settle(retried, OLD_FAILURE, INSIDE)).toBe('unknown');
    expect(settle(retried, OLD_FAILURE, OUTSIDE)).toBe('not-seen');
  });

  test('a request that the kiosk queued is queued, in a response and in the production', () => {
    const queued = production('REQUEST_ERROR', { errorCode: 'REQUEST_CREATED_BUT_NOT_STARTED' });
    expect(settle(first, queued, INSIDE)).toBe('queued');
    expect(settle(first, queued, OUTSIDE)).toBe('queued');
  });

  test.each(['REQUEST_ALREADY_EXISTS', 'UNKNOWN_ERROR', 'SOMETHING_NEW', null])(
    'a refusal with %s, which may have been accepted, does not end the attempt before the settle window has passed',
    (errorCode) => {
      expect(settle(first, production('REQUEST_ERROR', { errorCode }), INSIDE)).toBe('unknown');
    },
  );

  test('the refusal of a request to another kiosk does not settle an attempt', () => {
    const elsewhere = production('REQUEST_ERROR', {
      errorCode: 'KIOSK_ID_NOT_FOUND',
      kioskId: parseKioskId('WIS00009'),
    });
    expect(settle(first, elsewhere, INSIDE)).toBe('unknown');
  });
});

describe('following an open attempt up', () => {
  test.each<[Outcome, Production | null, Outcome]>([
    ['accepted', null, 'accepted'],
    ['accepted', production('READY', { occurredAt: BEFORE }), 'accepted'],
    ['accepted', production('IN_PROGRESS'), 'accepted'],
    ['accepted', production('PRODUCED'), 'produced'],
    ['accepted', production('PRODUCTION_ERROR'), 'failed'],
    [
      'accepted',
      production('IN_PROGRESS', { kioskId: parseKioskId('WIS00002'), occurredAt: AFTER }),
      'superseded',
    ],
    ['accepted', production('REQUEST_ERROR', { occurredAt: AFTER }), 'accepted'],
    ['queued', production('READY', { occurredAt: BEFORE }), 'queued'],
    ['queued', production('REQUEST_ERROR', { errorCode: 'REQUEST_CREATED_BUT_NOT_STARTED' }), 'queued'],
    ['queued', production('IN_PROGRESS'), 'accepted'],
    ['queued', production('PRODUCTION_ERROR'), 'failed'],
    ['sent', production('IN_PROGRESS'), 'accepted'],
    ['unknown', production('READY', { occurredAt: BEFORE }), 'not-seen'],
  ])('%s, then %o: %s', (outcome, seen, expected) => {
    expect(followUp(attempt(outcome), seen, OUTSIDE)).toBe(expected);
  });

  test('the failure before an accepted retry does not end it', () => {
    const accepted = attempt('accepted', { number: 2, baseline: OLD_FAILURE });
    expect(followUp(accepted, OLD_FAILURE, OUTSIDE)).toBe('accepted');
    expect(followUp(accepted, production('PRODUCTION_ERROR'), OUTSIDE)).toBe('failed');
  });
});

describe('an attempt of another system', () => {
  test.each([
    ['IN_PROGRESS', 'accepted'],
    ['PRODUCED', 'produced'],
    ['PRODUCTION_ERROR', 'failed'],
    ['READY', null],
    ['REQUEST_ERROR', null],
    ['MELTED', null],
    ['constructor', null],
  ])('shows in a production that is %s', (status, outcome) => {
    expect(observedOutcome(null, production(status))).toBe(outcome);
  });

  test('no production means no attempt of another system', () => {
    expect(observedOutcome(null, null)).toBeNull();
  });

  const failed = attempt('failed', { production: production('PRODUCTION_ERROR'), closedAt: SENT_AT + 5_000 });

  test.each<[string, typeof failed, Production, Outcome | null]>([
    ['the end of the one that is known', failed, production('PRODUCTION_ERROR'), null],
    ['a newer one after a failure', failed, production('IN_PROGRESS', { occurredAt: AFTER }), 'accepted'],
    [
      'a newer failure after a failure',
      failed,
      production('PRODUCTION_ERROR', { occurredAt: AFTER }),
      'failed',
    ],
    ['one that cannot be ordered', failed, production('IN_PROGRESS', { occurredAt: UNREADABLE }), null],
    ['one that the open attempt may be', attempt('accepted'), production('IN_PROGRESS'), null],
    [
      'one while the answer is out',
      attempt('unknown'),
      production('IN_PROGRESS', { kioskId: parseKioskId('WIS00002') }),
      null,
    ],
    [
      'a newer one on another kiosk',
      attempt('superseded'),
      production('IN_PROGRESS', { kioskId: parseKioskId('WIS00002') }),
      'accepted',
    ],
    [
      'one after a refusal',
      attempt('refused', { production: production('REQUEST_ERROR') }),
      production('IN_PROGRESS'),
      'accepted',
    ],
    ['one after a request that was not seen', attempt('not-seen'), production('IN_PROGRESS'), 'accepted'],
    [
      'the failure that a request was to repeat and never arrived',
      attempt('not-seen', { baseline: OLD_FAILURE }),
      OLD_FAILURE,
      null,
    ],
    [
      'the failure that a refused request was to repeat',
      attempt('refused', { baseline: OLD_FAILURE }),
      OLD_FAILURE,
      null,
    ],
    [
      'nothing after a produced card',
      attempt('produced', { production: production('PRODUCED') }),
      production('PRODUCED', { occurredAt: AFTER }),
      null,
    ],
  ])('an attempt of another system is recognised: %s', (_, latest, seen, outcome) => {
    expect(observedOutcome(latest, seen)).toBe(outcome);
  });

  test('a known attempt does not count as one of another system in the same second', () => {
    const known = attempt('failed', {
      production: production('PRODUCTION_ERROR', { occurredAt: '2026-03-01T11:00:00Z' }),
    });
    expect(observedOutcome(known, production('PRODUCTION_ERROR', { occurredAt: DURING }))).toBeNull();
  });
});

describe('an API that lags behind', () => {
  const failed = attempt('failed', { production: production('PRODUCTION_ERROR') });
  const produced = attempt('produced', { production: production('PRODUCED') });
  const failedAgain = attempt('failed', {
    baseline: OLD_FAILURE,
    production: production('PRODUCTION_ERROR'),
  });

  test.each([
    ['READY after a failure', true, failed, production('READY', { occurredAt: BEFORE })],
    ['READY of the same moment', true, failed, production('READY', { occurredAt: DURING })],
    ['READY of a time that cannot be read', true, failed, production('READY', { occurredAt: UNREADABLE })],
    ['the failure before', true, failedAgain, OLD_FAILURE],
    ['READY after PRODUCED', true, produced, production('READY', { occurredAt: BEFORE })],
    ['IN_PROGRESS after PRODUCED', true, produced, production('IN_PROGRESS')],
    ['a refusal after PRODUCED', true, produced, production('REQUEST_ERROR', { occurredAt: AFTER })],
    ['the failure itself', false, failed, production('PRODUCTION_ERROR')],
    ['another attempt', false, failed, production('IN_PROGRESS', { occurredAt: AFTER })],
    ['PRODUCED itself', false, produced, production('PRODUCED')],
    ['READY of a new start', false, failed, production('READY', { occurredAt: AFTER })],
    ['READY of a new start after PRODUCED', false, produced, production('READY', { occurredAt: AFTER })],
    ['anything of an open attempt', false, attempt('accepted'), production('READY')],
    ['nothing', false, failed, null],
    ['no attempt', false, null, production('READY')],
  ] as const)('%s: %s', (_, expected, of, shown) => {
    expect(lagsBehind(shown, of)).toBe(expected);
  });
});
