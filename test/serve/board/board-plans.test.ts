import { afterEach, beforeEach, expect, test } from 'vitest';
import { listBoardPlans } from '../../../src/serve/board/board-plans.ts';
import { planItem } from '../../../src/serve/board/lists.ts';
import { Detached } from '../../plans/detached.ts';

let detached: Detached;
beforeEach(async () => {
  detached = await Detached.open();
});
afterEach(() => detached.close());

test('a board shows an open plan with its approver and progress, and its result for half a day', async () => {
  await detached.cards.fail(2);
  detached.cards.kioskMakes('PRODUCED');
  const plan = await detached.detach();
  const { id } = plan;
  const server = detached.server();
  const [open, ...others] = await listBoardPlans(server);
  expect(others).toEqual([]);
  expect(open).toMatchObject({ id, state: 'approved', kiosks: 'WIS00001', reason: 'door closed' });
  expect(open?.command).toBe(`kioskctl runs show ${id} --environment local`);
  await detached.execute(server, plan);
  const [ended] = await listBoardPlans(server);
  expect(ended).toMatchObject({ id, state: 'done', exitCode: 0, counts: { done: 2 } });
  expect(ended && planItem(ended).text).toContain('<b>2 of 2</b> done');
  detached.world.clock.time += 13 * 3_600_000;
  expect(await listBoardPlans(server)).toEqual([]);
});

test('the reason of a plan stays text on a board, and a plan that paused shows the command to approve it', async () => {
  const counts = { done: 1, failed: 1, left: 1 };
  const plan = { id: 'r1', state: 'paused', cards: 3, counts, exitCode: null, kiosks: 'WIS00001' } as const;
  const command = 'kioskctl runs approve r1';
  const reason = '<script>alert(1)</script>';
  const { text } = planItem({ ...plan, approver: 'ada@laptop', reason, at: 0, command });
  expect(text).toContain('&lt;script&gt;');
  expect(text).not.toContain('<script>');
  expect(text).toContain('class="event bad"');
  expect(text).toMatch(/approve/);
});
