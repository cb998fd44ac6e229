// What a resumed run sends again: produce requests that were certainly not accepted, once per resume.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseCardToken } from '../../src/domain/ids.ts';
import { PUT } from '../harness/cards.ts';
import {
  type Act,
  DOOR,
  HAPPY,
  ORDER,
  outcomes,
  PRODUCE,
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

const expectFirst: Act = { kind: 'expect', expectation: { attempt: 1 } };

test.each([
  ['was answered 401', { ...PUT, status: 401 }, 3],
  ['was answered 404', { ...PUT, status: 404 }, 10],
  ['was answered 429', { ...PUT, status: 429 }, 7],
  [
    'the kiosk refused',
    { kind: 'produce' as const, errorCode: 'UNABLE_TO_ACCEPT_REQUEST' as const, times: 1 },
    4,
  ],
  ['was not accepted', { ...PUT, reset: 'before' as const }, 7],
])('a resumed run sends a request that %s once more, as a new attempt', async (_, fault, exitCode) => {
  const acts = [...HAPPY, expectFirst];
  runs.world.fault(fault);
  const { run, card } = await runs.run(acts);
  expect(run).toMatchObject({ exitCode });
  expect(run.endedAt).not.toBeNull();
  const again = await runs.resume(run.id, acts);
  expect(again.run).toMatchObject({ exitCode: 0, sessions: 2 });
  expect(outcomes(again.card).filter((outcome) => !outcome.endsWith('done'))).toEqual([]);
  expect(again.card.steps[2]?.attemptId).not.toBe(card.steps[2]?.attemptId);
  expect(await runs.world.puts()).toMatchObject({ taken: 1 });
  expect(await runs.world.requests('POST', '/card-orders')).toHaveLength(1);
});

test('each resume sends a refused request once, until it is accepted', async () => {
  runs.world.fault({ ...PUT, status: 401, times: 3 });
  const { run } = await runs.run(HAPPY);
  expect((await runs.resume(run.id, HAPPY)).run.exitCode).toBe(3);
  expect((await runs.world.puts()).sent).toBe(2);
  expect((await runs.resume(run.id, HAPPY)).run.exitCode).toBe(3);
  expect((await runs.world.puts()).sent).toBe(3);
  expect((await runs.resume(run.id, HAPPY)).run.exitCode).toBe(0);
  expect(await runs.world.puts()).toEqual({ sent: 4, taken: 1 });
  expect((await runs.resume(run.id, HAPPY)).run).toMatchObject({ exitCode: 0, sessions: 4 });
  expect((await runs.world.puts()).sent).toBe(4);
});

test('a refused retry is sent again, and earlier accepted requests are not', async () => {
  const acts = [ORDER, READY, PRODUCE, DOOR, RETRY];
  const { run } = await runs.run(acts, {}, failSecondPut());
  expect(run.exitCode).toBe(3);
  expect((await runs.resume(run.id, acts)).run.exitCode).toBe(0);
  expect(await runs.world.puts()).toEqual({ sent: 3, taken: 2 });
});

/** The second produce request is answered with 401. */
function failSecondPut() {
  const wise = runs.world.client();
  const send: typeof wise.send = wise.send.bind(wise);
  wise.send = async (request, options) => {
    const sent = await send(request, options);
    if (request.path.includes('/simulation/')) runs.world.fault({ ...PUT, status: 401 });
    return sent;
  };
  return { wise };
}

test('a card that another system has produced meanwhile is not changed', async () => {
  runs.world.fault({ ...PUT, status: 401 });
  const { run, card } = await runs.run(HAPPY);
  const cardToken = parseCardToken(card.card?.cardToken ?? '');
  const { journal, clock } = runs.world;
  const claim = { profileId: 1001, orderId: null, cardToken, kioskId: null, reason: null, at: clock.now() };
  await journal.takeLeases([`card ${cardToken}`], 'send');
  const { attempt } = await journal.claim(claim);
  await journal.update(attempt, { outcome: 'produced', at: clock.now() });
  await journal.releaseLeases([`card ${cardToken}`]);
  expect((await runs.resume(run.id, HAPPY)).run).toEqual(run);
  expect((await runs.world.puts()).sent).toBe(1);
});

test('a failed production is not sent again, and a run with cancelled orders is not changed', async () => {
  const acts = [...HAPPY.slice(0, 3), DOOR, RESULT];
  const failed = await runs.run(acts);
  expect(failed.run.exitCode).toBe(4);
  expect((await runs.resume(failed.run.id, acts)).run).toEqual(failed.run);
  runs.world.fault({ ...PUT, status: 401 });
  const cancelled = await runs.run(HAPPY, { keep: false });
  expect((await runs.resume(cancelled.run.id, HAPPY)).run).toEqual(cancelled.run);
  expect((await runs.world.puts()).sent).toBe(2);
});

test('a step whose attempt a user abandoned is not sent again after a kill', async () => {
  runs.world.fault({ ...PUT, status: 401 });
  const { run, card } = await runs.run(HAPPY);
  const { journal, clock } = runs.world;
  const step = card.steps.find(({ kind }) => kind === 'produce');
  if (!step) throw new Error('no step');
  // As the journal has it when the process was killed while the request was out, and its attempt was closed by hand.
  Object.assign(step, { outcome: 'running', endedAt: null, exitCode: null });
  const cut = { ...card, steps: card.steps.slice(0, step.index + 1), endedAt: null, exitCode: null };
  const cardToken = parseCardToken(card.card?.cardToken ?? '');
  const claim = { profileId: 1001, orderId: null, cardToken, kioskId: null, reason: null, at: clock.now() };
  await journal.takeLeases([`card ${cardToken}`], 'send');
  const { attempt } = await journal.claim(claim);
  await journal.update(attempt, { outcome: 'abandoned', at: clock.now() });
  await journal.releaseLeases([`card ${cardToken}`]);
  await journal.saveRunCard({ id: run.id, card: cut, requests: { reads: 0, sends: 0, limited: 0 } });
  await journal.reopenRun(run.id);
  const again = await runs.resume(run.id, HAPPY);
  expect(again.run.exitCode).toBe(9);
  expect(again.card.steps[step.index]?.error).toMatchObject({ code: 'attempt-superseded' });
  expect((await runs.world.puts()).sent).toBe(1);
});
