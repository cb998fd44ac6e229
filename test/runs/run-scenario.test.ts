import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../src/domain/errors/failure.ts';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import { endedBy, runResult } from '../../src/runs/run-views.ts';
import { reportOf } from '../harness/run-records.ts';
import {
  DOOR,
  HAPPY,
  ORDER,
  outcomes,
  PRODUCE,
  PRODUCED,
  READY,
  RESULT,
  RETRY,
  RunWorld,
} from './run-world.ts';

let runs: RunWorld;

beforeEach(async () => {
  runs = await RunWorld.open();
});

afterEach(async () => {
  await runs.world.close();
});

describe('one card', () => {
  test('a card goes through all steps, and the journal stores their results', async () => {
    const { run, card } = await runs.run(HAPPY);
    expect(run).toMatchObject({ exitCode: 0, sessions: 1 });
    expect(run.endedAt).not.toBeNull();
    expect(outcomes(card)).toEqual([
      'order done',
      'wait-ready done',
      'produce done',
      'simulate done',
      'wait-produced done',
    ]);
    expect(card).toMatchObject({ outcome: 'passed', exitCode: 0, kioskId: parseKioskId('WIS00001') });
    expect(card.card).toMatchObject({ stage: 'produced', attempt: 1 });
    const stages = card.stages.map(({ stage }) => stage);
    expect(stages).toEqual(['requirements-fulfilled', 'details-created', 'ready', 'in-progress', 'produced']);
    expect(run.requests.sends).toBe(3);
  });

  test('a card can expect a failure that the scenario tolerates', async () => {
    const acts = [
      ...HAPPY.slice(0, 3),
      DOOR,
      { ...RESULT, onFailure: 'continue' as const },
      {
        kind: 'expect' as const,
        expectation: { exitCode: 4, errorCode: 'PRD_HOPPER_DOOR', stage: 'failed' },
      },
      RETRY,
      PRODUCED,
      RESULT,
      { kind: 'expect' as const, expectation: { stage: 'produced', attempt: 2 } },
    ];
    const { run, card } = await runs.run(acts);
    expect(outcomes(card).slice(4)).toEqual([
      'wait-produced tolerated',
      'expect done',
      'retry done',
      'simulate done',
      'wait-produced done',
      'expect done',
    ]);
    expect(run.exitCode).toBe(0);
    expect(card.steps[2]?.attemptId).not.toBe(card.steps[6]?.attemptId);
  });

  test('a card ends with the exit code of a failure that the scenario does not tolerate', async () => {
    const { run, card } = await runs.run([...HAPPY.slice(0, 3), DOOR, RESULT, RETRY]);
    expect(run.exitCode).toBe(4);
    expect(outcomes(card).slice(4)).toEqual(['wait-produced failed', 'retry skipped']);
    expect(card.steps[4]?.error).toMatchObject({ code: 'production-failed' });
  });

  test('a card with an unmet expectation ends with 11 and the actual value', async () => {
    const { run, card } = await runs.run([
      ...HAPPY,
      { kind: 'expect', expectation: { stage: 'failed', attempt: 1 } },
    ]);
    expect(run.exitCode).toBe(11);
    expect(card.steps[5]).toMatchObject({
      outcome: 'unmet',
      exitCode: 11,
      unmet: [{ field: 'stage', actual: 'produced' }],
    });
  });

  test('an existing card needs no order', async () => {
    const { profileId, cardToken } = await runs.world.readyCard();
    const card = { profileId, cardToken, orderId: null };
    const acts = [READY, PRODUCE, PRODUCED, RESULT];
    const ended = await runs.run(acts, { keep: false, card, kiosks: ['WIS00002'] });
    expect(ended.run.exitCode).toBe(0);
    expect(ended.card).toMatchObject({ outcome: 'passed', card: { cardToken }, orders: [] });
    expect(await runs.world.requests('PUT', '/status')).toEqual([]);
  });

  test('an existing card is read before its first expectation', async () => {
    const { profileId, cardToken } = await runs.world.readyCard();
    const card = { profileId, cardToken, orderId: null };
    const wrong = await runs.run([{ kind: 'expect', expectation: { stage: { not: 'ready' } } }], { card });
    expect(wrong.run.exitCode).toBe(11);
    const right = await runs.run([{ kind: 'expect', expectation: { stage: 'ready' } }], { card });
    expect(right.run.exitCode).toBe(0);
  });

  test("a card whose reference can't be resolved fails without affecting others", async () => {
    const card = { profileId: 1002, cardToken: null, orderId: 501 };
    const ended = await runs.run([READY, PRODUCE], { card }, { profileIsExplicit: true });
    expect(ended.run.exitCode).toBe(2);
    expect(outcomes(ended.card)).toEqual(['wait-ready failed', 'produce skipped']);
  });
});

describe('many cards', () => {
  test('the cards of a run validate a program and an address once', async () => {
    const { run } = await runs.run(HAPPY, { cards: 5, kiosks: ['WIS00001', 'WIS00002'] });
    expect(run.exitCode).toBe(0);
    expect(await runs.world.requests('GET', '/availability')).toHaveLength(1);
    expect(await runs.world.requests('POST', '/address/validate')).toHaveLength(1);
    expect(await runs.world.puts()).toEqual({ sent: 5, taken: 5 });
  });

  test('a card whose order failed has only its number', async () => {
    const address = { city: 'London', country: 'GB' };
    await runs.run([{ kind: 'order', profileId: null, fields: { cardHolderName: 'Ada Example', address } }], {
      cards: 2,
    });
    expect(runs.world.said.filter((text) => text.startsWith('Card '))).toEqual([
      expect.stringMatching(/^Card 1: step 1, order, failed: /),
      expect.stringMatching(/^Card 2: step 1, order, failed: /),
    ]);
  });

  test('the cards of a run use a kiosk one at a time', async () => {
    const { cards } = await runs.run(HAPPY, { cards: 6, concurrency: 6, kiosks: ['WIS00001', 'WIS00002'] });
    for (const kioskId of ['WIS00001', 'WIS00002']) {
      const there = cards
        .filter((card) => card.kioskId === kioskId)
        .map(({ steps }) => [steps[2]?.startedAt ?? 0, steps[4]?.endedAt ?? 0] as const);
      expect(there).toHaveLength(3);
      const attempts = await Promise.all(
        cards.map(({ card }) => runs.world.journal.latestAttempt(parseCardToken(card?.cardToken ?? ''))),
      );
      const sent = attempts
        .filter((attempt) => attempt?.kioskId === kioskId)
        .map((attempt) => ({ from: attempt?.sentAt ?? 0, to: attempt?.closedAt ?? 0 }))
        .toSorted((left, right) => left.from - right.from);
      for (const [index, { to }] of sent.entries())
        expect(sent[index + 1]?.from ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(to);
    }
  });

  test('no further card is started after a step that stops the run', async () => {
    const { run, cards } = await runs.run(
      [ORDER, { kind: 'expect', expectation: { stage: 'produced' }, onFailure: 'stop-run' }],
      { cards: 5, concurrency: 1 },
    );
    expect(cards.map(({ outcome }) => outcome)).toEqual(['unmet', ...Array(4).fill('not-started')]);
    expect(run.exitCode).toBe(11);
    expect(await runs.world.requests('POST', '/card-orders')).toHaveLength(1);
  });
});

describe('the orders of a run', () => {
  test('the orders of a run are cancelled at its end', async () => {
    const { cards } = await runs.run([ORDER, READY], { cards: 3, keep: false });
    expect(cards.flatMap(({ orders }) => orders.map(({ cleanUp }) => cleanUp))).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
    for (const { card } of cards) {
      const found = await runs.world.journal.findCard({
        orderId: card?.orderId ?? 0,
        cardToken: null,
      });
      expect(found?.orderStatus).toBe('CANCELLED');
    }
  });

  test('the orders of a run remain with --keep', async () => {
    const { cards } = await runs.run([ORDER], { keep: true });
    expect(cards[0]?.orders).toMatchObject([{ cleanUp: 'kept' }]);
    expect(await runs.world.requests('PUT', '/status')).toHaveLength(0);
  });

  test('cancelled orders free places of the card limit, which is reported if the limit was reached', async () => {
    const order = { ...ORDER, profileId: 1004 };
    const acts = [...Array.from({ length: 10 }, () => order), { ...order, onFailure: 'continue' as const }];
    const { run, card } = await runs.run(acts, { keep: false });
    expect(card.steps[10]).toMatchObject({ outcome: 'tolerated', error: { code: 'limit-reached' } });
    expect(card.orders).toHaveLength(10);
    expect(run.freed).toEqual([{ profileId: 1004, isFreed: true }]);
    const { run: other } = await runs.run([ORDER], { keep: false });
    expect(other.freed).toEqual([{ profileId: 1001, isFreed: null }]);
  });
});

describe('a run that is interrupted', () => {
  test('an interrupted run has no end, and is resumed where it stopped', async () => {
    const { world } = runs;
    const { run } = await runs.run(
      HAPPY,
      { cards: 2, concurrency: 1 },
      {
        report: {
          ...world.context().report,
          progress: () => undefined,
          note: () => undefined,
        },
        onSleep: () => {
          world.abort.abort(new Failure('interrupted', 'Interrupted.', { hint: 'Run it again.' }));
        },
        signal: world.abort.signal,
      },
    );
    expect(run.endedAt).toBeNull();
    const again = await runs.resume(run.id, HAPPY, { signal: new AbortController().signal });
    expect(again.run).toMatchObject({ exitCode: 0, sessions: 2 });
    expect(again.cards.map(({ outcome }) => outcome)).toEqual(['passed', 'passed']);
    expect((await world.requests('POST', '/card-orders')).filter(({ effect }) => effect)).toHaveLength(2);
    expect(await world.puts()).toEqual({ sent: 2, taken: 2 });
  });

  test('a resumed run starts no further card after a step that stopped it', async () => {
    const { world } = runs;
    const report = world.context().report;
    const progress: typeof report.progress = (now) => {
      if (now?.kind === 'cards' && now.counts.some(({ failed }) => failed > 0))
        world.abort.abort(new Failure('interrupted', 'Interrupted.', { hint: '' }));
    };
    const acts = [
      ORDER,
      { kind: 'expect' as const, expectation: { stage: 'produced' }, onFailure: 'stop-run' as const },
    ];
    const { run } = await runs.run(acts, { cards: 3, concurrency: 1 }, { report: { ...report, progress } });
    expect(run.endedAt).toBeNull();
    const again = await runs.resume(run.id, acts, { signal: new AbortController().signal });
    expect(again.cards.map(({ outcome }) => outcome)).toEqual(['unmet', 'not-started', 'not-started']);
    expect(await world.requests('POST', '/card-orders')).toHaveLength(1);
  });

  test('a resumed run continues with the cards in kiosks before other cards', async () => {
    const { world } = runs;
    const signal = new AbortController();
    const acts = [ORDER, READY, PRODUCE, { ...RESULT, timeout: 5_000, onFailure: 'continue' as const }];
    const onSleep = async () => {
      const { sent } = await world.puts();
      if (sent > 0) world.abort.abort(new Failure('interrupted', 'Interrupted.', { hint: '' }));
    };
    const options = { cards: 2, concurrency: 2, kiosks: ['WIS00001'] };
    const { run } = await runs.run(acts, options, { onSleep });
    expect((await world.puts()).sent).toBe(1);
    const again = await runs.resume(run.id, acts, { signal: signal.signal });
    const attempts = await Promise.all(
      again.cards.map(async ({ card }) => world.journal.latestAttempt(parseCardToken(card?.cardToken ?? ''))),
    );
    const [first, second] = attempts.map((attempt) => attempt?.sentAt ?? 0).toSorted((a, b) => a - b);
    // The first one has the kiosk until its time is over.
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(5_000);
  });

  test('a signal after a lost response ends the card with 8, and a resume finds the outcome', async () => {
    const { world } = runs;
    world.fault({ kind: 'answer', method: 'PUT', path: '/production', times: 1, reset: 'before' });
    const onSleep = async () => {
      const { sent } = await world.puts();
      if (sent > 0) world.abort.abort(new Failure('interrupted', 'Interrupted.', { hint: '' }));
    };
    const acts = [ORDER, READY, PRODUCE];
    const { cards, run } = await runs.run(acts, {}, { onSleep });
    expect(cards).toMatchObject([
      { outcome: 'interrupted', exitCode: 8, card: { stage: 'unknown', attempt: 1 } },
    ]);
    const interruption = new Failure('interrupted', 'Interrupted.', { hint: '' });
    const report = endedBy(await reportOf(cards, run), interruption);
    const shown = await runResult(report, { interruption, reportErrors: [] });
    expect(shown.exitCode).toBe(8);
    expect(shown.document).toMatchObject({
      cards: [{ outcome: 'unknown', exitCode: 8, error: { code: 'outcome-unknown' } }],
      error: { code: 'outcome-unknown', hint: expect.stringContaining('--resume') },
    });
    const again = await runs.resume(run.id, acts, { signal: new AbortController().signal });
    expect(again.cards).toMatchObject([{ outcome: 'passed', exitCode: 0 }]);
    expect(await world.puts()).toEqual({ sent: 2, taken: 1 });
  });

  test('a finished run is not repeated', async () => {
    const { run } = await runs.run(HAPPY);
    const again = await runs.resume(run.id, HAPPY);
    expect(again.run).toEqual(run);
    expect(await runs.world.puts()).toEqual({ sent: 1, taken: 1 });
  });
});

test('a fault step sets its fault, and the card is produced nevertheless', async () => {
  const { run, card } = await runs.run([
    ORDER,
    READY,
    {
      kind: 'fault',
      fault: { kind: 'answer', method: 'PUT', path: '/production', reset: 'after', times: 1 },
    },
    PRODUCE,
    PRODUCED,
    RESULT,
  ]);
  expect(outcomes(card)).not.toContain('produce failed');
  expect(run.exitCode).toBe(0);
  expect(await runs.world.puts()).toEqual({ sent: 1, taken: 1 });
});

test('an unused fault is removed at the end of its card, and other faults remain', async () => {
  const others = { kind: 'answer', method: 'GET', path: '/nowhere', status: 500, times: 3 } as const;
  runs.world.fault(others);
  const fault = { kind: 'answer', method: 'GET', path: '/elsewhere', status: 503, times: 50 } as const;
  const { run } = await runs.run([{ kind: 'fault', fault }, ORDER]);
  expect(run.exitCode).toBe(0);
  expect(runs.world.sandbox.listFaults()).toMatchObject([others]);
});

test('a fault that another user set remains, even if it equals a fault of the scenario', async () => {
  const fault = { kind: 'answer', method: 'GET', path: '/elsewhere', status: 503, times: 50 } as const;
  runs.world.fault({ ...fault, times: 3 });
  await runs.run([{ kind: 'fault', fault }, ORDER]);
  expect(runs.world.sandbox.listFaults()).toMatchObject([{ ...fault, times: 3 }]);
});

test('a fault of a skipped step is not removed from the faults of others', async () => {
  const fault = { kind: 'answer', method: 'GET', path: '/elsewhere', status: 503, times: 3 } as const;
  runs.world.fault(fault);
  const unmet = { kind: 'expect' as const, expectation: { stage: 'produced' } };
  await runs.run([ORDER, unmet, { kind: 'fault', fault }]);
  expect(runs.world.sandbox.listFaults()).toMatchObject([fault]);
});

test('a process that was suspended stops when another process has resumed its run', async () => {
  const { world } = runs;
  const other = { ...world.journal, holdsLeases: async () => false };
  await expect(runs.run(HAPPY, {}, { journal: other })).rejects.toMatchObject({ code: 'leased' });
  expect(await world.puts()).toEqual({ sent: 0, taken: 0 });
});

test('an advance step advances the clock of the sandbox', async () => {
  const { card } = await runs.run([
    ORDER,
    READY,
    { kind: 'advance', by: 61 * 86_400_000 },
    { ...PRODUCE, onFailure: 'continue' },
  ]);
  expect(card.steps[3]).toMatchObject({ outcome: 'tolerated', exitCode: 6 });
});
