import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Statements, Transaction } from '../../src/database/database.ts';
import { IN_MEMORY, SqliteConnection } from '../../src/database/sqlite.ts';
import { SqliteDatabase } from '../../src/database/sqlite-database.ts';

const SCHEMA = ['CREATE TABLE entries (flow TEXT NOT NULL, number INTEGER NOT NULL)'];

function open(file = IN_MEMORY): SqliteDatabase {
  const options = {
    migrations: SCHEMA,
    durability: 'normal',
    fault: (why: string) => new Error(why),
  } as const;
  return new SqliteDatabase(new SqliteConnection({ file, ...options }));
}

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-database-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'entries.db');
}

async function insert(db: Statements, flow: string, number: number): Promise<void> {
  await db.run('INSERT INTO entries VALUES (:flow, :number)', { flow, number });
}

async function count(db: Statements, flow?: string): Promise<number> {
  const where = flow === undefined ? '' : `WHERE flow = '${flow}'`;
  const row = await db.get<{ n: number }>(`SELECT count(*) AS n FROM entries ${where}`);
  return row?.n ?? -1;
}

describe('statements', () => {
  test('run, get and all accept parameters by name and by position', async () => {
    const db = open();
    await insert(db, 'a', 1);
    expect(await db.run('UPDATE entries SET number = ? WHERE flow = ?', [2, 'a'])).toMatchObject({
      changes: 1,
    });
    expect(await db.get('SELECT number FROM entries WHERE flow = ?', ['a'])).toEqual({ number: 2 });
    expect(await db.all('SELECT number FROM entries WHERE flow = :flow', { flow: 'a' })).toEqual([
      { number: 2 },
    ]);
    expect(await db.get('SELECT number FROM entries WHERE flow = :flow', { flow: 'b' })).toBeUndefined();
    await db.close();
  });

  test('a statement outside of a transaction waits until it ends', async () => {
    const db = open();
    const order: string[] = [];
    const writing = db.transaction(async (tx) => {
      await insert(tx, 'inside', 1);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      order.push('transaction');
    });
    const reading = count(db).then((n) => order.push(`read ${n}`));
    await Promise.all([writing, reading]);
    expect(order).toEqual(['transaction', 'read 1']);
  });

  test('a statement of a transaction that has ended is refused', async () => {
    const db = open();
    const late = await db.transaction(async (tx) => tx);
    expect(late.isOpen).toBe(false);
    await expect(insert(late, 'late', 1)).rejects.toThrow(TypeError);
  });
});

describe('a transaction', () => {
  test('a transaction that throws is rolled back, and throws the same error', async () => {
    const db = open();
    const thrown = new TypeError('no');
    const writing = db.transaction(async (tx) => {
      await insert(tx, 'a', 1);
      throw thrown;
    });
    await expect(writing).rejects.toBe(thrown);
    expect(await count(db)).toBe(0);
  });

  test('a transaction keeps the parts that succeed, and rolls back those that throw', async () => {
    const db = open();
    await db.transaction(async (tx) => {
      await tx.part(async () => insert(tx, 'a', 1));
      const failing = tx.part(async () => {
        await insert(tx, 'b', 1);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
    });
    expect([await count(db, 'a'), await count(db, 'b')]).toEqual([1, 0]);
  });

  test('a transaction makes another connection of the same process wait, without blocking the event loop', async () => {
    const file = temporaryFile();
    const [one, other] = [open(file), open(file)];
    const writing = one.transaction(async (tx) => {
      await insert(tx, 'one', 1);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    });
    await Promise.all([writing, insert(other, 'other', 1)]);
    expect(await count(one)).toBe(2);
    await Promise.all([one.close(), other.close()]);
  });
});

/** A flow of transactions and single statements, with pauses between its steps. */
interface Step {
  kind: 'transaction' | 'rollback' | 'statement';
  writes: number;
  pauses: number;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('transaction', 'rollback', 'statement'),
    writes: fc.integer({ min: 1, max: 4 }),
    pauses: fc.nat(4),
  }),
  { maxLength: 8 },
);

async function pause(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
}

/** Runs a flow; in each transaction, nothing may be seen of what others write meanwhile. @returns the entries that stay */
async function runFlow(db: SqliteDatabase, flow: string, list: readonly Step[]): Promise<number> {
  let stays = 0;
  for (const { kind, writes, pauses } of list) {
    const work = async (tx: Transaction) => {
      const before = await count(tx);
      for (let number = 0; number < writes; number += 1) {
        await insert(tx, flow, number);
        await pause(pauses);
      }
      expect(await count(tx)).toBe(before + writes);
      if (kind === 'rollback') throw new RangeError('rolled back');
    };
    await pause(pauses);
    if (kind === 'statement') await insert(db, flow, 0);
    else if (kind === 'transaction') await db.transaction(work);
    else await expect(db.transaction(work)).rejects.toThrow(RangeError);
    stays += kind === 'rollback' ? 0 : kind === 'statement' ? 1 : writes;
    expect(await count(db, flow)).toBe(stays);
  }
  return stays;
}

test("two flows on one database never see or roll back each other's writes", async () => {
  await fc.assert(
    fc.asyncProperty(steps, steps, async (left, right) => {
      const db = open();
      const rollback: Step = { kind: 'rollback', writes: 2, pauses: 3 };
      const stays = await Promise.all([
        runFlow(db, 'left', [...left, rollback]),
        runFlow(db, 'right', right),
      ]);
      expect([await count(db, 'left'), await count(db, 'right')]).toEqual(stays);
      await db.close();
    }),
    { numRuns: 100 },
  );
});

describe('a watch', () => {
  test('a watch reports a change by another connection within a few milliseconds', async () => {
    const file = temporaryFile();
    const [reader, writer] = [open(file), open(file)];
    const end = new AbortController();
    let seen = 0;
    const watching = (async () => {
      for await (const _ of reader.watch(end.signal)) seen = await count(reader);
    })();
    const times: number[] = [];
    for (let number = 1; number <= 3; number += 1) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      const start = performance.now();
      await insert(writer, 'a', number);
      await expect.poll(() => seen, { interval: 5 }).toBe(number);
      times.push(performance.now() - start);
    }
    // The check of each second would take over 800. The machine may be busy with other tests for a moment.
    expect(Math.min(...times)).toBeLessThan(500);
    end.abort();
    await watching;
    await Promise.all([reader.close(), writer.close()]);
  });

  test('a watch of an in-memory database yields immediately, then slowly, and ends with its signal', async () => {
    const db = open();
    const end = new AbortController();
    const moments: number[] = [];
    const start = performance.now();
    for await (const _ of db.watch(end.signal)) {
      moments.push(performance.now() - start);
      if (moments.length === 2) end.abort();
    }
    expect(moments[0]).toBeLessThan(900);
    expect(moments[1]).toBeGreaterThan(500);
    await db.close();
  });
});
