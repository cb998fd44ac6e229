import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERROR_CATALOGUE, lookUpError } from '../../src/domain/errors/error-catalogue.ts';
import type { ErrorKind, RetryAdvice } from '../../src/domain/errors/vendor-errors.ts';
import { causeOf, failuresIn } from '../../src/domain/results.ts';
import {
  advise,
  allErrors,
  explainError,
  moreCareful,
  NO_RUNBOOK,
  pagesOn,
  type RunbookPage,
  refuseRetry,
  withAdvice,
} from '../../src/domain/runbook.ts';
import { card, production } from '../harness/records.ts';

function page(code: string, more: Partial<RunbookPage> = {}): RunbookPage {
  return {
    kind: 'production',
    code,
    owner: null,
    steps: [],
    link: null,
    contact: null,
    retry: null,
    ...more,
  };
}

const DOOR = lookUpError('production', 'PRD_HOPPER_DOOR');

describe('catalogue and runbook together', () => {
  test('an entry without a page is that of the catalogue', () => {
    expect(advise(NO_RUNBOOK, DOOR)).toEqual({ ...DOOR, page: null });
    expect(advise({ pages: [page('PRD_HOPPER_JAM', { retry: 'now' })] }, DOOR).retry).toBe('after-fix');
  });

  test('an entry with a page has the steps of the team', () => {
    const steps = ['Close the door', 'Count the cards!'];
    const { nextStep, retry, exitCode } = advise({ pages: [page(DOOR.code, { steps })] }, DOOR);
    expect(nextStep).toBe('Close the door. Count the cards!');
    expect({ retry, exitCode }).toEqual({ retry: 'after-fix', exitCode: 4 });
  });

  test.each<[RetryAdvice, number]>([
    ['now', 4],
    ['never', 6],
  ])('the advice %s of a team ends with %i', (retry, exitCode) => {
    const advised = advise({ pages: [page(DOOR.code, { retry })] }, DOOR);
    expect(advised).toMatchObject({ retry, exitCode, nextStep: DOOR.nextStep });
  });

  test('a page of one kind does not change the other kind of the code', () => {
    const runbook = { pages: [page('UNKNOWN_ERROR', { owner: 'us' })] };
    expect(advise(runbook, lookUpError('production', null)).page?.owner).toBe('us');
    expect(advise(runbook, lookUpError('request', null)).page).toBeNull();
  });
});

describe('what a team may say of a retry', () => {
  test.each<[ErrorKind, string, RetryAdvice, boolean]>([
    ['production', 'PRD_HOPPER_DOOR', 'now', true],
    ['production', 'PRD_HOPPER_DOOR', 'never', true],
    ['production', 'PRD_HOPPER_DOOR', 'reconcile', false],
    ['production', 'DP_TIMEOUT', 'after-fix', true],
    ['production', 'PRD_LASER_TIRED', 'now', true],
    ['request', 'PAN_ALREADY_EXISTS', 'never', false],
    ['request', 'PAN_ALREADY_EXISTS', 'after-fix', false],
    ['request', 'UNKNOWN_ERROR', 'reconcile', true],
    ['request', 'UNKNOWN_ERROR', 'now', false],
    ['request', 'UNHEARD_OF', 'now', false],
    ['production', 'UNKNOWN_ERROR', 'now', true],
  ])('%s %s %s: %s', (kind, code, retry, isAllowed) => {
    expect(refuseRetry(kind, code, retry) === null).toBe(isAllowed);
  });

  test('a team can never change the advice to check the production first', () => {
    const held = ERROR_CATALOGUE.filter(({ retry }) => retry === 'reconcile');
    const advice = fc.constantFrom<RetryAdvice>('now', 'after-fix', 'reconcile', 'never');
    fc.assert(
      fc.property(fc.constantFrom(...held), advice, (entry, retry) => {
        expect(refuseRetry(entry.kind, entry.code, retry) === null).toBe(retry === entry.retry);
      }),
    );
  });
});

describe('a code', () => {
  const runbook = { pages: [page('PRD_LASER_TIRED', { owner: 'Wise' })] };

  test('a code that only the runbook has is explained, too', () => {
    expect(explainError(runbook, 'prd_laser_tired')).toMatchObject([
      { code: 'PRD_LASER_TIRED', documented: false, exitCode: 5 },
    ]);
    expect(allErrors(runbook)).toHaveLength(ERROR_CATALOGUE.length + 1);
    expect(explainError(NO_RUNBOOK, 'PRD_LASER_TIRED')).toEqual([]);
  });

  test('an entry shows the page of the team, and none without one', () => {
    const [entry] = explainError(runbook, 'PRD_LASER_TIRED');
    const { runbook: advice, ...own } = withAdvice(runbook, entry ?? DOOR);
    expect(own).toEqual(entry);
    expect(advice).toEqual({ owner: 'Wise', steps: [], link: null, contact: null, retry: null });
    expect(withAdvice(runbook, DOOR)).toEqual(DOOR);
  });
});

describe('the pages on what cards failed with', () => {
  const door = page('PRD_HOPPER_DOOR');
  const unknown = page('UNKNOWN_ERROR');
  const pan = page('PAN_ALREADY_EXISTS', { kind: 'request' });
  const runbook = { pages: [door, unknown, pan] };

  test.each<[string, (string | null)[], RunbookPage[]]>([
    ['come once', ['PRD_HOPPER_DOOR', 'PRD_HOPPER_DOOR'], [door]],
    ['are none for other codes', ['PRD_HOPPER_JAM'], []],
    ['of a failure without a code are those on UNKNOWN_ERROR', [null], [unknown]],
    ['of a card that is never to be produced again are of either kind', ['PAN_ALREADY_EXISTS'], [pan]],
  ])('the pages of a runbook for failed cards: %s', (_, codes, pages) => {
    const failures = codes.map((errorCode) => ({ kind: 'production' as const, errorCode }));
    expect(pagesOn(runbook, failures)).toEqual(pages);
  });

  test('pages are found by the error of an action, else by the production', () => {
    const failed = card({ production: production('PRODUCTION_ERROR', { errorCode: 'PRD_HOPPER_DOOR' }) });
    const refused = {
      code: 'production-refused',
      message: '',
      hint: '',
      details: { errorCode: 'CARD_TYPE_NOT_FOUND' },
    };
    const ready = card({ production: production('READY') });
    expect(failuresIn([{ card: failed }, { card: ready, error: refused }, { card: ready }])).toEqual([
      { kind: 'production', errorCode: 'PRD_HOPPER_DOOR' },
      { kind: 'request', errorCode: 'CARD_TYPE_NOT_FOUND' },
    ]);
    expect(causeOf({ code: 'kiosk-held', message: '', hint: '' })).toBeNull();
  });
});

describe('a runbook that is somebody else’s', () => {
  test('an untrusted runbook can’t allow retries without a fix, but its other fields apply', () => {
    const less = page('PRD_HOPPER_DOOR', { retry: 'now', owner: 'Branch staff' });
    const more = [page('PRT_PAUSED', { retry: 'never' }), page('PRT_RIBBON_ENDED')];
    expect(moreCareful({ pages: [less, ...more] })).toEqual({
      runbook: { pages: [{ ...less, retry: null }, ...more] },
      ignored: [less],
    });
  });

  test.each(ERROR_CATALOGUE.filter(({ retry }) => retry === 'now'))(
    'an untrusted runbook may allow immediate retries of $code like the catalogue',
    (entry) => {
      const { kind, code } = entry;
      expect(moreCareful({ pages: [page(code, { kind, retry: 'now' })] }).ignored).toEqual([]);
    },
  );

  test('an untrusted runbook never makes a code less careful', () => {
    const advice = fc.constantFrom<RetryAdvice>('now', 'after-fix', 'reconcile', 'never');
    const order: RetryAdvice[] = ['now', 'after-fix', 'reconcile', 'never'];
    fc.assert(
      fc.property(fc.constantFrom(...ERROR_CATALOGUE), advice, (entry, retry) => {
        const { kind, code } = entry;
        fc.pre(refuseRetry(kind, code, retry) === null);
        const { runbook } = moreCareful({ pages: [page(code, { kind, retry })] });
        expect(order.indexOf(advise(runbook, entry).retry)).toBeGreaterThanOrEqual(
          order.indexOf(entry.retry),
        );
      }),
    );
  });
});
