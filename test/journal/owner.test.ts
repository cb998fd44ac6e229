import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import { SqliteFixture } from '../harness/journal.ts';
import { TOKEN } from '../harness/records.ts';
import { isLinux, testUnless } from '../harness/suite/machine.ts';

let fixture: SqliteFixture;
let journal: Journal;

beforeEach(() => {
  fixture = new SqliteFixture();
  journal = fixture.open();
});

/** Rewrites the owner of the lease and of the listener, as another machine or an earlier process would have written it. */
function pretend(owner: Record<string, string | number | null>): void {
  const db = new DatabaseSync(fixture.file);
  for (const [column, value] of Object.entries(owner))
    db.prepare(`UPDATE leases SET ${column} = ?`).run(value);
  db.close();
}

const CARD = `card ${TOKEN}`;
const ELSEWHERE = { holder_host: 'elsewhere', holder_boot: 'another boot', holder_namespace: 'pid:[1]' };

/** A program that starts another one, prints its process id, and never asks for its end. */
const HEEDLESS = `
  const { pid } = require('node:child_process').spawn(process.execPath, ['-e', '']);
  require('node:fs').writeSync(1, String(pid));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;

describe('an owner', () => {
  test('a process in another container of this machine does not count as ended because its id is unknown here', async () => {
    await journal.takeLeases([CARD], 'send');
    pretend({ holder_namespace: 'pid:[1]', holder_pid: 2 ** 22 + 1 });
    expect(await fixture.open().takeLeases([CARD], 'send')).toMatchObject([{ isRunning: true }]);
    fixture.now += 10_000;
    expect(await fixture.open().takeLeases([CARD], 'send')).toEqual([]);
  });

  test('a process on another machine is observed for ten seconds, whatever its clock, and then counts as ended', async () => {
    await journal.takeLeases([CARD], 'send');
    pretend({ ...ELSEWHERE, renewed_at: 1, renewed_uptime: 1 });
    const other = fixture.open();
    expect(await other.takeLeases([CARD], 'send')).toMatchObject([{ isRunning: null }]);
    fixture.now += 9_999;
    expect(await other.takeLeases([CARD], 'send')).toMatchObject([{ isRunning: null }]);
    fixture.now += 1;
    expect(await other.takeLeases([CARD], 'send')).toEqual([]);
  });

  test('an owner that may have been killed is named with the time after which its lease is free', async () => {
    await journal.takeLeases([CARD], 'send');
    fixture.now += 3_000;
    expect(await fixture.open().takeLeases([CARD], 'send')).toMatchObject([{ freeIn: 7_000 }]);
    pretend({ ...ELSEWHERE, renewed_at: 1, renewed_uptime: 1 });
    const other = fixture.open();
    expect(await other.takeLeases([CARD], 'send')).toMatchObject([{ freeIn: 10_000 }]);
    fixture.now += 4_000;
    expect(await other.takeLeases([CARD], 'send')).toMatchObject([{ freeIn: 6_000 }]);
  });

  test('a process on another machine that renews its lease counts as running', async () => {
    await journal.takeLeases([CARD], 'send');
    pretend({ ...ELSEWHERE, renewed_at: 1, renewed_uptime: 1 });
    const other = fixture.open();
    await other.takeLeases([CARD], 'send');
    fixture.now += 9_999;
    pretend({ renewed_at: 2, renewed_uptime: 2 });
    expect(await other.takeLeases([CARD], 'send')).toMatchObject([{ isRunning: true }]);
    fixture.now += 9_999;
    expect(await other.takeLeases([CARD], 'send')).toMatchObject([{ isRunning: true }]);
    fixture.now += 1;
    expect(await other.takeLeases([CARD], 'send')).toEqual([]);
  });

  test('an owner keeps its lease when the calendar is set, and loses it after ten seconds', async () => {
    let uptime = 1_000_000;
    let now = Date.now();
    const open = () =>
      openSqliteJournal({ file: fixture.file, environment: 'sandbox', now: () => now, uptime: () => uptime });
    const [first, second] = [open(), open()];
    onTestFinished(async () => void (await Promise.all([first.close(), second.close()])));
    await first.takeLeases([CARD], 'send');
    now += 7_200_000;
    expect(await second.takeLeases([CARD], 'send')).toHaveLength(1);
    now -= 14_400_000;
    expect(await second.takeLeases([CARD], 'send')).toHaveLength(1);
    uptime += 10_000;
    expect(await second.takeLeases([CARD], 'send')).toEqual([]);
  });

  test('the owner of a released lease holds nothing, even if it acquires the next lease on the card', async () => {
    const attempt = await fixture.sent(journal);
    expect(await journal.isHeld(attempt)).toBe(true);
    await journal.releaseLeases([CARD]);
    await journal.takeLeases([CARD], 'retry');
    expect(await journal.isHeld(attempt)).toBe(false);
  });

  test('a claim of a killed container is free when its lease has expired', async () => {
    const { attempt } = await fixture.claimed(journal);
    pretend({ holder_namespace: 'pid:[1]', holder_pid: 2 ** 22 + 1 });
    fixture.now += 10_000;
    const theirs = await fixture.claimed(fixture.open());
    expect(theirs.claimed).toBe(true);
    await expect(journal.markSent(attempt, fixture.sending())).rejects.toMatchObject({ code: 'leased' });
  });

  test('an action of another container is neither running nor killed as long as that is unknown', async () => {
    const act = {
      action: 'cancel',
      context: 'ci',
      profileId: 1001,
      orderId: 501,
      cardToken: TOKEN,
      kioskId: null,
    } as const;
    await journal.startAction({ ...act, reason: null, at: fixture.now });
    expect(await journal.listActions({})).toMatchObject([{ isRunning: true }]);
    const db = new DatabaseSync(fixture.file);
    db.exec(
      "DROP TRIGGER acts_keep_their_beginning; UPDATE acts SET holder_namespace = 'pid:[1]', holder_pid = 4194305",
    );
    db.close();
    expect(await journal.listActions({})).toMatchObject([{ isRunning: null }]);
  });

  test('a listener in another container counts as running while it sends heartbeats, whatever its process id', async () => {
    await journal.startListener('http://127.0.0.1:8788', fixture.now);
    const db = new DatabaseSync(fixture.file);
    db.exec("UPDATE listenings SET holder_namespace = 'pid:[1]', holder_pid = 4194305");
    db.close();
    expect(await fixture.open().isListenedTo()).toBe(true);
    fixture.now += 10_000;
    expect(await fixture.open().isListenedTo()).toBe(false);
  });

  testUnless(isLinux ? null : 'only Linux has it')('is not a later process with the same id', async () => {
    await journal.takeLeases([CARD], 'send');
    pretend({ holder_started_at: '1' });
    expect(await fixture.open().takeLeases([CARD], 'send')).toEqual([]);
  });

  test('an owner with only a process id counts as running while that process is', async () => {
    await journal.takeLeases([CARD], 'send');
    pretend({ holder_started_at: null });
    expect(await fixture.open().takeLeases([CARD], 'send')).toMatchObject([{ isRunning: true }]);
  });

  test('an attempt that a killed process sent, without any heartbeat, is not held', async () => {
    const parent = spawn(process.execPath, ['-e', HEEDLESS]);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    while (stat()[0] !== 'Z') await new Promise(setImmediate);
    const attempt = await fixture.sent(journal);
    pretend({ holder_pid: pid, holder_started_at: stat()[19] ?? null });
    expect(await journal.isHeld(attempt)).toBe(false);
    parent.kill('SIGKILL');
  });
});
