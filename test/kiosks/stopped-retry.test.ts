// Whatever stops a retry of a selection early has its exit code and its error.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Report } from '../../src/context/context.ts';
import { type FailureCode, failure } from '../../src/domain/errors/failure.ts';
import { selectedRetry } from '../../src/kiosks/retry-views.ts';
import type { Overrides } from '../harness/world.ts';
import { FailedCards, HERE } from './failed-cards.ts';

let cards: FailedCards;

beforeEach(async () => {
  cards = await FailedCards.open();
});
afterEach(() => cards.world.close());

/** Does something once the first card is produced, before the second one begins. */
function afterFirst(act: () => unknown): Overrides {
  let isDone = false;
  const progress: Report['progress'] = (shown) => {
    if (isDone || shown?.kind !== 'cards' || shown.counts[0]?.done !== 1) return;
    isDone = true;
    act();
  };
  return { report: { ...cards.world.context().report, progress } };
}

const signal = (code: FailureCode) => () => {
  cards.kioskMakes('PRODUCED');
  return afterFirst(() => cards.world.abort.abort(failure(code, 'Ended.', 'h')));
};

const failing = (errorCodes: readonly string[]) => () => {
  cards.kioskMakes('PRODUCED', { times: 1 });
  for (const errorCode of errorCodes)
    cards.world.fault({ kind: 'outcome', kioskId: HERE, status: 'PRODUCTION_ERROR', errorCode, times: 1 });
  return {};
};

/** The journal fails after the first card was sent. */
const broken = (code: FailureCode) => () => {
  cards.kioskMakes('PRODUCED', { times: 1 });
  const { journal } = cards.world;
  const holdsLeases = async (subjects: readonly string[]) => {
    if ((await cards.sentSince(4)).length > 0) throw failure(code, 'The journal is unusable.', 'h');
    return journal.holdsLeases(subjects);
  };
  return { journal: { ...journal, holdsLeases } };
};

const REASONS: { reason: string; arrange: () => Overrides; exitCode: number; code: FailureCode }[] = [
  {
    reason: 'another process that took the kiosk over',
    arrange: () => {
      cards.kioskMakes('PRODUCED');
      return afterFirst(() => void cards.world.journal.releaseLeases([`kiosk ${HERE}`]));
    },
    exitCode: 9,
    code: 'leased',
  },
  {
    reason: 'a hold on the kiosk',
    arrange: () => {
      cards.kioskMakes('PRODUCED');
      const hold = { kioskId: HERE, reason: 'smoke', context: 'night', at: 0 };
      return afterFirst(() => void cards.world.journal.holdKiosk(hold));
    },
    exitCode: 9,
    code: 'kiosk-held',
  },
  {
    reason: 'a journal that fails meanwhile',
    arrange: broken('journal-unusable'),
    exitCode: 9,
    code: 'journal-unusable',
  },
  {
    reason: 'a journal that is replaced meanwhile',
    arrange: broken('journal-replaced'),
    exitCode: 9,
    code: 'journal-replaced',
  },
  {
    reason: 'a card that may still be in the kiosk at its deadline',
    arrange: () => {
      cards.kioskMakes('PRODUCED', { times: 1 });
      return { timing: { ...cards.world.context().timing, timeout: 1_000 } };
    },
    exitCode: 75,
    code: 'deadline-passed',
  },
  { reason: 'a hang-up', arrange: signal('hung-up'), exitCode: 129, code: 'hung-up' },
  { reason: 'Ctrl-C', arrange: signal('interrupted'), exitCode: 130, code: 'interrupted' },
  { reason: 'SIGTERM', arrange: signal('terminated'), exitCode: 143, code: 'terminated' },
  {
    reason: 'too many failures of the kiosk',
    arrange: failing(['PRD_HOPPER_DOOR', 'PRD_HOPPER_DOOR']),
    exitCode: 4,
    code: 'too-many-failures',
  },
  {
    reason: 'too many failures, one of them for Wise to fix',
    arrange: failing(['PRD_HOPPER_DOOR', 'CB_NOT_AVAILABLE']),
    exitCode: 5,
    code: 'too-many-failures',
  },
];

test.each(REASONS)(
  'a retry that is stopped by $reason ends with $exitCode and the error $code',
  async ({ arrange, exitCode, code }) => {
    await cards.fail(4);
    const retry = await cards.retry({ context: arrange() });
    const { reason } = cards.world.abort.signal;
    const { document, ...result } = selectedRetry(retry, reason === undefined ? {} : { stops: [reason] });
    const results = retry.results.map(({ outcome }) => outcome);
    expect(results[0]).toBe('done');
    expect(results.at(-1)).toBe('not-started');
    expect(result.exitCode).toBe(exitCode);
    expect(document).toMatchObject({ cards: [{}, {}, {}, {}], error: { code, hint: expect.any(String) } });
  },
);

test('a kiosk whose lease was lost during its last card ends the retry with 9, although all cards were produced', async () => {
  await cards.fail(1);
  cards.kioskMakes('PRODUCED');
  const { journal } = cards.world;
  const onSleep = async () => journal.releaseLeases([`kiosk ${HERE}`]);
  const result = selectedRetry(await cards.retry({ context: { onSleep } }), {});
  expect(result).toMatchObject({
    exitCode: 9,
    document: { cards: [{ outcome: 'done' }], error: { code: 'leased' } },
  });
});
