import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import { GET, OneCard, PUT } from '../harness/cards.ts';
import type { World } from '../harness/world.ts';

let world: World;
let card: OneCard;

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
});
afterEach(() => world.close());

function production(status: string, errorCode: string | null): string {
  const occurredAt = errorCode === null ? null : '2026-03-01T13:00:00.000Z';
  return JSON.stringify({
    status,
    kioskId: errorCode && 'WIS00001',
    occurredAt,
    errorCode,
    description: null,
  });
}

async function outcomes(): Promise<string[]> {
  const attempts = await world.journal.listAttempts(card.target.cardToken);
  return attempts.map(({ outcome }) => outcome);
}

/** The card fails, and the journal does not know it. */
async function failElsewhere(): Promise<void> {
  const { cardToken } = card.target;
  await fetch(`${world.url}/v1/simulation/spend/profiles/1001/cards/${cardToken}/production`, {
    method: 'POST',
    headers: { authorization: 'Bearer other', 'content-type': 'application/json' },
    body: JSON.stringify({ status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' }),
  });
}

async function failWhileAsked(): Promise<boolean> {
  await failElsewhere();
  return true;
}

async function sayYes(): Promise<boolean> {
  return true;
}

/** The request gets lost, and what the vendor then says of the card is no answer to it. */
async function lose(): Promise<void> {
  world.fault({ ...PUT, reset: 'before' });
  world.fault({ ...GET, times: 1, status: 200, body: production('READY', null) });
  world.fault({ ...GET, times: 1_000, status: 200, body: production('REQUEST_ERROR', 'UNKNOWN_ERROR') });
  expect(await card.send()).toMatchObject({ exitCode: 8, error: { code: 'outcome-unknown' } });
}

describe('retry', () => {
  test('retry produces a failed card again on its kiosk, once a user confirms the fix', async () => {
    await card.fail();
    world.answers.push(true);
    expect(await card.repeat()).toMatchObject({
      exitCode: 0,
      changed: true,
      card: { attempt: 2, stage: 'in-progress' },
    });
    expect(world.asked).toHaveLength(1);
    const attempts = await world.journal.listAttempts(card.target.cardToken);
    expect(attempts.map(({ number, outcome, kioskId }) => [number, outcome, kioskId])).toEqual([
      [1, 'failed', 'WIS00001'],
      [2, 'accepted', 'WIS00001'],
    ]);
  });

  test('retry does not send a card that fails during the read, because nobody has approved to repeat that failure', async () => {
    const { card: sent } = await card.send();
    await failElsewhere();
    world.fault({ ...GET, times: 1, status: 200, body: JSON.stringify(sent.production) });
    expect(await card.repeat()).toMatchObject({ exitCode: 0, changed: false });
    expect(world.asked).toEqual([]);
    expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
  });

  test('retry does not send a card that fails after its attempt was abandoned, because nobody has approved to repeat that failure', async () => {
    world.fault({ kind: 'produce', errorCode: 'REQUEST_CREATED_BUT_NOT_STARTED', times: 1 });
    await card.send();
    const ask = { ...world.context().ask, confirm: failWhileAsked };
    expect(await card.repeat({ abandon: true, context: { ask, reason: 'gone' } })).toMatchObject({
      exitCode: 9,
      error: { code: 'not-confirmed' },
    });
    expect(await world.puts()).toEqual({ sent: 1, taken: 1 });
    world.answers.push(false);
    expect(await card.repeat()).toMatchObject({ exitCode: 9, error: { code: 'not-confirmed' } });
    expect(world.asked.at(-1)).toContain('Is it fixed');
  });

  test('retry sends nothing if the cause is not fixed, or if the user cannot be prompted', async () => {
    await card.fail();
    world.answers.push(false);
    expect(await card.repeat()).toMatchObject({ exitCode: 9, error: { code: 'not-confirmed' } });
    expect(await card.repeat()).toMatchObject({ exitCode: 2, error: { code: 'input-required' } });
    expect((await world.puts()).sent).toBe(1);
  });

  test('the time of an answer to a prompt does not count for the timeout of a retry', async () => {
    await card.fail();
    const ask = { ...world.context().ask, confirm: async () => (world.clock.time += 720_000) > 0 };
    const timing = { ...world.context().timing, timeout: 5_000 };
    const simulation = { status: 'PRODUCED' } as const;
    expect(await card.repeat({ wait: true, simulation, context: { ask, timing } })).toMatchObject({
      exitCode: 0,
      card: { stage: 'produced', attempt: 2 },
    });
  });

  test('retry does not ask for a failure that may be repeated immediately', async () => {
    await card.fail('CB_TIME');
    expect(await card.repeat()).toMatchObject({ exitCode: 0, changed: true });
    expect(world.asked).toEqual([]);
  });

  test('retry sends a card to another kiosk with --to-kiosk', async () => {
    await card.fail();
    world.answers.push(true);
    expect(await card.repeat({ toKiosk: parseKioskId('WIS00002') })).toMatchObject({ exitCode: 0 });
    expect((await world.requests('PUT', '/production')).at(-1)).toMatchObject({
      kioskId: parseKioskId('WIS00002'),
      effect: true,
    });
  });

  test('retry refuses a card that did not fail', async () => {
    expect(await card.repeat()).toMatchObject({ exitCode: 9, error: { code: 'nothing-to-retry' } });
    expect((await world.puts()).sent).toBe(0);
  });

  test('retry refuses a card if another attempt failed while the prompt was open', async () => {
    await card.fail();
    const journal = world.openJournal();
    const ask = { ...world.context().ask };
    const again = {
      wait: true,
      simulation: { status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_JAM' },
    } as const;
    ask.confirm = async () => {
      await card.repeat({ ...again, context: { journal, ask: { ...ask, confirm: sayYes } } });
      return true;
    };
    expect(await card.repeat({ context: { ask } })).toMatchObject({
      exitCode: 9,
      error: { code: 'attempt-superseded' },
    });
    expect((await world.puts()).taken).toBe(2);
    await journal.close();
  });

  test('retry finds a failure of another system, and links its attempt to it', async () => {
    world.fault({
      kind: 'outcome',
      kioskId: parseKioskId('WIS00001'),
      status: 'PRODUCTION_ERROR',
      errorCode: 'PRD_HOPPER_DOOR',
      afterMs: 1,
      times: 1,
    });
    await card.produceElsewhere('WIS00001');
    world.clock.time += 10;
    world.answers.push(true);
    expect(await card.repeat()).toMatchObject({ exitCode: 0, card: { attempt: 2 } });
    const attempts = await world.journal.listAttempts(card.target.cardToken);
    expect(attempts.map(({ origin, outcome }) => [origin, outcome])).toEqual([
      ['observed', 'failed'],
      ['ours', 'accepted'],
    ]);
  });
});

describe('an attempt whose outcome nobody knows', () => {
  test('an unknown attempt is not sent again, however old it is, until a user abandons it', async () => {
    await lose();
    expect(await card.repeat()).toMatchObject({ exitCode: 8, error: { code: 'outcome-unknown' } });
    expect((await world.puts()).sent).toBe(1);
    expect(world.asked).toEqual([]);
  });

  test('an unknown attempt is abandoned with --abandon, and the next attempt is linked to it', async () => {
    await lose();
    world.answers.push(true);
    expect(await card.repeat({ abandon: true })).toMatchObject({ exitCode: 0, card: { attempt: 2 } });
    expect(world.asked).toEqual([expect.stringContaining('may still print at WIS00001')]);
    expect(await outcomes()).toEqual(['abandoned', 'accepted']);
    expect(await world.puts()).toEqual({ sent: 2, taken: 1 });
  });

  test('an unknown attempt stays as it is if the user is not certain', async () => {
    await lose();
    world.answers.push(false);
    expect(await card.repeat({ abandon: true })).toMatchObject({
      exitCode: 9,
      error: { code: 'not-confirmed' },
    });
    expect(await outcomes()).toEqual(['unknown']);
  });

  test('an unknown attempt may be abandoned within its settle window, and the next request waits for the end of the window', async () => {
    world.fault({ ...PUT, reset: 'before' });
    const timing = { ...world.context().timing, timeout: 1_000 };
    expect(await card.send({ context: { timing } })).toMatchObject({ exitCode: 8 });
    const lostAt = world.clock.now() - 1_000;
    world.answers.push(true, true);
    const early = await card.repeat({ abandon: true, context: { timing } });
    expect(early).toMatchObject({ exitCode: 8, error: { code: 'outcome-unknown' } });
    expect(await outcomes()).toEqual(['abandoned']);
    expect((await world.puts()).sent).toBe(1);
    expect(await card.repeat()).toMatchObject({ exitCode: 0, card: { attempt: 2 } });
    expect(world.clock.now() - lostAt).toBeGreaterThanOrEqual(3_000);
    expect(await world.puts()).toEqual({ sent: 2, taken: 1 });
  });

  test('an attempt is abandoned only with a reason, in every environment', async () => {
    await lose();
    const repeated = card.repeat({ abandon: true, context: { reason: null } });
    await expect(repeated).rejects.toMatchObject({ code: 'input-required', hint: '--reason <TEXT>' });
    expect(await outcomes()).toEqual(['unknown']);
  });

  test('an abandoned attempt has an entry of its own in the log', async () => {
    await lose();
    world.answers.push(true);
    await card.repeat({ abandon: true });
    const [attempt] = await world.journal.listAttempts(card.target.cardToken);
    expect(await world.journal.listActions({ actions: ['abandon'] })).toMatchObject([
      { attemptId: attempt?.id, reason: 'the kiosk was switched off', exitCode: 0 },
    ]);
  });

  test('an attempt is not abandoned while a running command sends the card', async () => {
    const other = world.openJournal();
    const { journal } = world;
    const refused: unknown[] = [];
    const update: typeof journal.update = async (...news) => {
      refused.push(await card.repeat({ abandon: true, context: { journal: other } }));
      return journal.update(...news);
    };
    const sent = await card.send({ context: { journal: { ...journal, update } } });
    expect(refused).toMatchObject([{ exitCode: 9 }]);
    expect(sent).toMatchObject({ exitCode: 0 });
    await other.close();
  });
});

test('the refusal of a card that another process works on names the time when it is free if that process was killed', async () => {
  const other = world.openJournal();
  const { journal } = world;
  const refused: unknown[] = [];
  const update: typeof journal.update = async (...news) => {
    refused.push(await card.repeat({ context: { journal: other } }));
    refused.push(await card.send({ context: { journal: other } }));
    return journal.update(...news);
  };
  await card.send({ context: { journal: { ...journal, update } } });
  const hint = expect.stringMatching(/If that process was killed, the card is free within \d+s\./);
  expect(refused).toMatchObject([
    { exitCode: 9, error: { code: 'attempt-open', hint } },
    { exitCode: 9, error: { code: 'leased', hint } },
  ]);
  await other.close();
});

test('a request that did not arrive is sent again without a prompt', async () => {
  world.fault({ ...PUT, reset: 'before' });
  expect(await card.send()).toMatchObject({ exitCode: 7, error: { code: 'not-seen' } });
  expect(await card.repeat()).toMatchObject({ exitCode: 0, changed: true, card: { attempt: 2 } });
  expect(world.asked).toEqual([]);
  expect(await outcomes()).toEqual(['not-seen', 'accepted']);
});
