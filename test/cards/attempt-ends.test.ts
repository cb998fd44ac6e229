// Why an attempt ended without effect, as later commands report it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitProduced } from '../../src/cards/wait-produced.ts';
import { makeStyle } from '../../src/output/style.ts';
import { status } from '../../src/status/status.ts';
import { renderStatus } from '../../src/status/status-views.ts';
import { OneCard, PUT } from '../harness/cards.ts';
import type { World } from '../harness/world.ts';

let world: World;
let card: OneCard;

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
});
afterEach(() => world.close());

async function awaitCard() {
  const [result] = await waitProduced(world.context(), { targets: [{ ...card.target }], via: 'auto' });
  return result;
}

async function seeCard() {
  const options = { targets: [{ ...card.target }], history: true, exitStatus: false };
  const results = await status(world.context(), options);
  return {
    results,
    text: await renderStatus(results, { style: makeStyle(false), invocation: { flags: [] } }),
  };
}

const APPROVAL = { 'x-2fa-approval-result': 'REJECTED', 'x-2fa-approval': 'one-time-secret' };

describe.each([
  { http: 401, exitCode: 3, code: 'credentials-refused' },
  { http: 403, exitCode: 3, code: 'credentials-refused' },
  { http: 403, exitCode: 5, code: 'approval-required', headers: APPROVAL },
  { http: 404, exitCode: 10, code: 'not-found' },
  { http: 429, exitCode: 7, code: 'rate-limited' },
])('an attempt that was answered with $http ($code)', ({ http, exitCode, code, headers }) => {
  beforeEach(async () => {
    world.fault({ ...PUT, status: http, ...(headers && { headers }) });
    expect(await card.send()).toMatchObject({ exitCode, error: { code } });
  });

  test('an attempt without effect ends a later wait with the recorded cause', async () => {
    const waited = await awaitCard();
    const details = { httpStatus: http, correlationId: expect.any(String) };
    expect(waited).toMatchObject({ exitCode, error: { code, details }, card: { stage: 'ready' } });
    expect(waited?.error?.message).toContain(`Attempt 1 on card 1001/`);
    expect(waited?.error?.message).toContain(`at kiosk WIS00001 had no effect`);
    expect(waited?.error?.message).toContain(`(HTTP ${http})`);
    expect(waited?.error?.hint).toMatch(/^Once the cause is fixed, run: kioskctl produce 1001\//);
    expect(JSON.stringify(waited)).not.toContain('one-time-secret');
  });

  test('an attempt without effect is shown with its cause in the status of the card', async () => {
    const { results, text } = await seeCard();
    const ended = { outcome: 'refused', httpStatus: http, endCode: code };
    expect(results[0]).toMatchObject({ exitCode: 0, card: { stage: 'ready' }, attempts: [ended] });
    expect(text).toContain(`had no effect`);
    expect(text).toContain(`refused, ${code} (HTTP ${http})`);
  });

  test('an attempt without effect may be followed by a new produce, or by a retry without a prompt', async () => {
    expect(await card.repeat()).toMatchObject({ exitCode: 0, changed: true, card: { attempt: 2 } });
    expect(world.asked).toEqual([]);
    expect(await world.puts()).toEqual({ sent: 2, taken: 1 });
  });
});

test('a request without a connection is reported as not sent, and leaves no attempt', async () => {
  const wise = world.client('http://127.0.0.1:1');
  const reads = world.client();
  // Only the connection of the produce request fails.
  Object.assign(reads, { open: wise.open.bind(wise) });
  expect(await card.send({ context: { wise: reads } })).toMatchObject({
    exitCode: 7,
    error: { code: 'unreachable', message: expect.stringContaining('was not sent') },
    card: { attempt: 0 },
  });
  expect(await world.journal.listAttempts(card.target.cardToken)).toEqual([]);
  expect(await card.send()).toMatchObject({ exitCode: 0, card: { attempt: 1 } });
});

test('an answer that was lost and then settled leaves no cause but its own', async () => {
  world.fault({ ...PUT, status: 502, effect: true });
  await card.send();
  expect((await seeCard()).results[0]?.attempts).toMatchObject([
    { outcome: 'accepted', httpStatus: 502, endCode: null },
  ]);
});

test('a card that the kiosk refused by a code of Wise reports that code with the same exit code', async () => {
  world.fault({ kind: 'produce', errorCode: 'KIOSK_ID_NOT_FOUND', times: 1 });
  const sent = await card.send();
  const waited = await awaitCard();
  expect(waited).toMatchObject({ exitCode: sent.exitCode, error: { code: 'production-refused' } });
  expect((await seeCard()).results[0]?.attempts).toMatchObject([
    { httpStatus: 422, endCode: 'production-refused' },
  ]);
});
