import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Context } from '../../src/context/context.ts';
import { type Act, DOOR, ORDER, PRODUCE, PRODUCED, READY, RESULT, RETRY, RunWorld } from './run-world.ts';

/** A card that fails once. */
const ACTS: Act[] = [
  ORDER,
  READY,
  expected({ stage: 'ready', attempt: 0 }),
  PRODUCE,
  expected({ stage: 'in-progress', attempt: 1 }),
  DOOR,
  { ...RESULT, onFailure: 'continue' },
  expected({ exitCode: 4, stage: 'failed', attempt: 1 }),
  { kind: 'advance', by: 40 * 86_400_000 },
  expected({ ageDays: 40 }),
  RETRY,
  expected({ stage: 'in-progress', attempt: 2 }),
  PRODUCED,
  RESULT,
  expected({ stage: 'produced', attempt: 2 }),
  { kind: 'cancel' },
];

/** What is true of it then stays so, wherever the run was killed. */
function expected(expectation: Extract<Act, { kind: 'expect' }>['expectation']): Act {
  return { kind: 'expect', expectation };
}

/** Between two of these, nothing that lasts happens. */
const LASTING = /^(?!find|list|latest|is|holds|clockOffset|orderSeenAt|read|reserve)/;

let runs: RunWorld;

beforeEach(async () => {
  runs = await RunWorld.open();
});

afterEach(async () => {
  await runs.world.close();
});

/** The `count`th thing that lasts is done no more, nor anything after it: as in a process that was killed there. */
function killedAt(count: number, ctx: Context): { ctx: Context; calls: () => number } {
  let calls = 0;
  const dying = <Target extends object>(target: Target): Target =>
    new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function' || name === 'isHeld') return value;
        if (name === 'assertCurrent')
          return () => {
            if (calls >= count) throw new Error('killed');
          };
        return async (...args: unknown[]) => {
          if (LASTING.test(String(name))) calls += 1;
          if (calls >= count) throw new Error('killed');
          return Reflect.apply(value, target, args);
        };
      },
    });
  const sandboxControl = () => dying(ctx.sandboxControl());
  const dead = { ...ctx, journal: dying(ctx.journal), wise: dying(ctx.wise), sandboxControl };
  return { ctx: dead, calls: () => calls };
}

/** The journal still names a process, of which nothing is left; the next one comes a minute later. */
function bury({ folder, clock }: RunWorld['world']): void {
  const db = new DatabaseSync(join(folder, 'journal.db'));
  // A checkpoint of another program than kioskctl would look like a replaced journal.
  db.exec('PRAGMA wal_autocheckpoint = 0');
  db.exec('UPDATE attempts SET holder_pid = 4194305, lease = NULL; DELETE FROM leases;');
  db.close();
  clock.time += 60_000;
}

interface End {
  /** How many lasting things it did before it was killed. */
  calls: number;
  exitCode: number | null;
  cardToken: string;
}

async function killAndResume(count: number): Promise<End> {
  const { world } = runs;
  const { ctx, calls } = killedAt(count, world.context());
  await runs.run(ACTS, { keep: true }, ctx).catch(() => undefined);
  bury(world);
  const isKept = (await world.journal.findRun(`run-${runs.count}`)) !== null;
  const { run, card } = isKept
    ? await runs.resume(`run-${runs.count}`, ACTS)
    : await runs.run(ACTS, { keep: true });
  return { calls: calls(), exitCode: run.exitCode, cardToken: card.card?.cardToken ?? '' };
}

test('a run that is killed at any moment and resumed orders each card once, and produces it once per step', async () => {
  const whole = await killAndResume(Number.POSITIVE_INFINITY);
  expect(whole.calls).toBeGreaterThan(40);
  const ends = [whole];
  for (let count = 1; count <= whole.calls; count += 1) ends.push(await killAndResume(count));
  expect(ends.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
  const orders = await runs.world.requests('POST', '/card-orders');
  expect(orders.filter(({ effect }) => effect)).toHaveLength(ends.length);
  const puts = await runs.world.requests('PUT', '/production');
  const sent = ends.map(({ cardToken }) => puts.filter(({ path }) => path.includes(cardToken)).length);
  expect(sent).toEqual(ends.map(() => 2));
}, 240_000);
