// Plans that this version can't read: their journal is damaged, or a newer version stored them.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlanServer } from '../../src/plans/plan-server.ts';
import { failedAt, THERE } from '../kiosks/failed-cards.ts';
import { Detached, TERMS } from './detached.ts';

let detached: Detached;
beforeEach(async () => {
  detached = await Detached.open();
  detached.cards.kioskMakes('PRODUCED');
});
afterEach(() => detached.close());

test.each([
  ['that cannot be parsed', "progress = '{'"],
  ['in a state of another version', "state = 'melted'"],
])('a plan %s is reported, and other plans are carried out', async (_, damage) => {
  await detached.cards.fail(1, { kioskId: THERE });
  const damaged = await detached.detach({ selection: failedAt(THERE) });
  const failed = await detached.cards.fail(1);
  const plan = await detached.detach();
  const db = new DatabaseSync(join(detached.world.folder, 'journal.db'));
  db.exec(`UPDATE plans SET ${damage} WHERE id = '${damaged.id}'`);
  db.close();
  const server = detached.server();
  const warnings: string[] = [];
  server.report.warn = (text) => void warnings.push(text);
  const plans = new PlanServer(server, TERMS);
  await plans.runDue();
  await plans.runDue();
  await expect.poll(async () => (await detached.find(plan.id)).state).toBe('done');
  expect(await detached.puts(failed)).toEqual([2]);
  expect(warnings).toEqual([expect.stringMatching(`^Plan ${damaged.id} can't be read, .*kiosk recover`)]);
});
