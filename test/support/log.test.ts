import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { ActionRecord } from '../../src/journal/journal.ts';
import { makeStyle } from '../../src/output/style.ts';
import { type ActionSelection, auditTrail } from '../../src/support/log.ts';
import { logResult } from '../../src/support/support-views.ts';
import { OneCard } from '../harness/cards.ts';

const EVERYTHING: ActionSelection = {
  card: null,
  kioskIds: [],
  acts: [],
  user: null,
  host: null,
  isFailed: false,
  since: null,
  until: null,
};

const plain = makeStyle(false);

let one: OneCard;

/** A card that was sent to WIS00001, refused to another kiosk, failed, printed, and on which somebody works now. */
beforeAll(async () => {
  one = await OneCard.open();
  await one.send();
  await one.send({ kioskId: parseKioskId('WIS00002') });
  await one.fail();
  one.world.clock.time += 60_000;
  one.world.answers.push(true);
  await one.repeat({
    simulation: { status: 'PRODUCED' },
    context: { name: 'laptop', reason: 'door closed' },
  });
  const { profileId, cardToken } = one.target;
  await one.world.journal.startAction({
    action: 'cancel',
    context: 'local',
    profileId,
    cardToken,
    orderId: null,
    kioskId: null,
    reason: null,
    at: one.world.clock.now(),
  });
});
afterAll(async () => one.world.close());

async function trail(more: Partial<ActionSelection> = {}, limit = 100) {
  return auditTrail(one.world.context(), { selection: { ...EVERYTHING, ...more }, limit });
}

const names = (actions: readonly ActionRecord[]) => actions.map(({ action }) => action).join(' ');

async function namesOf(card: { cardToken: CardToken | null; orderId: number | null }): Promise<string> {
  return names((await trail({ card: { profileId: null, ...card } })).acts);
}

describe('the audit trail', () => {
  test('the audit log has the actions of all contexts, oldest first', async () => {
    const { acts, total } = await trail();
    expect(names(acts)).toBe('order produce produce produce simulate retry cancel');
    expect(new Set(acts.map(({ context }) => context))).toEqual(new Set(['local', 'laptop']));
    expect(total).toBe(7);
  });

  test('the audit log has kiosk, reason and ids of a retry', async () => {
    const { acts } = await trail({ acts: ['retry'] });
    expect(acts).toEqual([
      expect.objectContaining({
        kioskId: parseKioskId('WIS00001'),
        reason: 'door closed',
        exitCode: 0,
        attemptId: expect.any(String),
        correlationId: expect.any(String),
        user: userInfo().username,
      }),
    ]);
  });

  test('the audit log with a limit has the newest actions, and the number of all that match', async () => {
    expect(await trail({}, 2)).toMatchObject({ total: 7, acts: [{ action: 'retry' }, { action: 'cancel' }] });
    expect(await trail({ acts: ['produce', 'retry'] }, 1)).toMatchObject({ total: 4 });
    expect(await trail({ kioskIds: [parseKioskId('WIS00002')] }, 1)).toMatchObject({ total: 1 });
  });

  test('the audit log of a card is the same by its token and by its order id', async () => {
    const { cardToken, orderId } = one.target;
    expect(await namesOf({ cardToken, orderId: null })).toBe(
      'order produce produce produce simulate retry cancel',
    );
    expect(await namesOf({ cardToken: null, orderId })).toBe(await namesOf({ cardToken, orderId: null }));
    expect(await namesOf({ cardToken: null, orderId: 999 })).toBe('');
  });

  test('the audit log of failed actions leaves out running ones', async () => {
    const { acts, total } = await trail({ isFailed: true }, 1);
    expect(acts).toMatchObject([{ action: 'produce', kioskId: parseKioskId('WIS00002'), exitCode: 9 }]);
    expect(total).toBe(1);
  });
});

test('the text of the audit log is a table with a row for each action, its reason and its ids', async () => {
  const text = await logResult(await trail({}, 5)).text(plain);
  const lines = text.split('\n');
  expect(lines[0]).toBe(
    '#\tSTARTED\tACTION\tCARD\tKIOSK\tUSER\tCONTEXT\tRESULT\tREASON\tMEANING\tATTEMPT\tCORRELATION\tTRACE\tPLAN\tAPPROVED BY',
  );
  expect(lines[1]).toMatch(
    /^\d+\t\d{4}-.*\tproduce\t1001\/[\da-f-]{36}\tWIS00002\t.*\texit 9\t–\trefused by a guard; nothing was sent\t/,
  );
  expect(text).toMatch(/\n\d+\t.*\tcancel\t.*\trunning\t/);
  expect(text).toMatch(/\t[\da-f-]{36}\t[\da-f-]{36}\t/);
  expect(lines.at(-2)).toBe('Showing the newest 5 of 7. Show more with --limit.');
  expect(await logResult({ acts: [], total: 0 }).text(plain)).toBe('No actions.\n');
});

test('the audit log escapes control characters and redacts secrets in reasons', async () => {
  const [act] = (await trail({ acts: ['order'] })).acts;
  if (!act) throw new Error('no act');
  const text = await logResult({
    acts: [{ ...act, reason: 'Bearer abc, x\u001b[2J' }],
    total: 1,
  }).text(plain);
  expect(text).toContain(String.raw`Bearer [redacted], x\u001b[2J`);
});
